// SPDX-License-Identifier: Apache-2.0
#include "harness/report/github.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/image/digest.h"
#include "harness/report/case.h"
#include "harness/report/escape.h"

namespace driftcage::report {
namespace {

// The escapes of workflow commands; in a property's value two more.
std::string escaped(std::string_view text, bool property) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '%':
        out += "%25";
        break;
      case '\r':
        out += "%0D";
        break;
      case '\n':
        out += "%0A";
        break;
      case ':':
        out += property ? "%3A" : ":";
        break;
      case ',':
        out += property ? "%2C" : ",";
        break;
      default:
        out += c;
    }
  }
  return out;
}

struct Annotation {
  int severity = 0;
  std::string text;
};

// A payload must not give commands, of the form ::name:: at the beginning of a
// line or ##[name] anywhere. Between stop-commands and its token none counts;
// the token is of the text, which cannot contain its own digest.
std::string harmless(const std::string& text) {
  if (text.find("::") == std::string::npos &&
      text.find("##[") == std::string::npos) {
    return text;
  }
  const std::string token = image::hex_of(image::digest_of(text));
  return fmt::format("::stop-commands::{0}\n{1}::{0}::\n", token, text);
}

class Github : public Stream {
 public:
  explicit Github(const TextStyle& style) : style_(style) {}

  std::string begin(std::size_t) override { return {}; }

  std::string add(const run::ScenarioResult& result) override {
    const std::string text = scenario_text(result, style_);
    if (model::is_good(result.judgement.verdict)) {
      if (result.flaky()) {
        keep(flaky_, annotation("warning", result, "flaky: "));
      }
      return harmless(text);
    }
    keep(bad_, annotation("error", result, ""));
    const std::size_t end = std::min(text.find('\n') + 1, text.size());
    return "::group::" + text.substr(0, end) + harmless(text.substr(end)) +
           "::endgroup::\n";
  }

  std::string end(const run::SuiteResult& result) override {
    if (const std::string gap = not_run_text(result); !gap.empty()) {
      keep(bad_, {std::numeric_limits<int>::max(),
                  "::error title=driftcage::" + escaped(gap, false) + "\n"});
    }
    return all("error", bad_) + all("warning", flaky_) +
           summary_text(result, style_);
  }

 private:
  struct Kept {
    std::vector<Annotation> worst;  // at most kMaxAnnotations
    std::size_t count = 0;
  };

  static Annotation annotation(const char* kind,
                               const run::ScenarioResult& result,
                               const std::string& prefix) {
    const model::SourceRange at = place_of(result);
    std::string text =
        fmt::format("::{} file={}", kind, escaped(at.file, true));
    if (at.line > 0) {
      text += fmt::format(",line={},col={}", at.line, at.column);
    }
    text += fmt::format(",title={}::{}", escaped(case_name(result), true),
                        escaped(prefix + headline(result), false));
    return {severity(result.judgement.verdict), text + "\n"};
  }

  static void keep(Kept& kept, Annotation annotation) {
    ++kept.count;
    const auto place = std::upper_bound(
        kept.worst.begin(), kept.worst.end(), annotation,
        [](const auto& a, const auto& b) { return a.severity > b.severity; });
    kept.worst.insert(place, std::move(annotation));
    if (kept.worst.size() > kMaxAnnotations) kept.worst.pop_back();
  }

  static std::string all(const char* kind, Kept& kept) {
    std::string text;
    // The last place is for what there is no place for.
    const bool more = kept.count > kMaxAnnotations;
    if (more) kept.worst.resize(kMaxAnnotations - 1);
    for (const Annotation& annotation : kept.worst) text += annotation.text;
    if (more) {
      text += fmt::format("::{}::{} more scenarios; see the log\n", kind,
                          kept.count - kept.worst.size());
    }
    return text;
  }

  TextStyle style_;
  Kept bad_;
  Kept flaky_;
};

// A cell of a Markdown table.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|' || c == '<' || c == '`' || c == '*' || c == '_') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

const char* mark(const run::Summary& summary) {
  if (summary.flaky()) return "⚠️ flaky";
  switch (kind_of(summary.verdict)) {
    case CaseKind::Passed:
      return "✅";
    case CaseKind::Skipped:
      return "⏭️";
    case CaseKind::Broken:
      return "🛠️";
    case CaseKind::Failed:
      break;
  }
  return "❌";
}

// The matrix: a row per scenario with something to tell, a column per image.
std::string matrix(const run::Record& record,
                   const std::vector<const run::Summary*>& order,
                   std::size_t limit) {
  std::vector<std::string> images;
  for (const auto& image : record.head().images) {
    images.push_back(image.reference);
  }
  std::string text = "| scenario |";
  std::string rule = "| --- |";
  for (const std::string& image : images) {
    text += " " + cell(image) + " |";
    rule += " --- |";
  }
  text += "\n" + rule + "\n";
  std::vector<std::pair<std::string, std::vector<std::string>>> rows;
  std::map<std::string, std::size_t> place;
  for (const run::Summary* summary : order) {
    const auto [at, fresh] = place.emplace(summary->id, rows.size());
    if (fresh) rows.emplace_back(summary->id, images);
    if (fresh) rows.back().second.assign(images.size(), "");
    for (std::size_t i = 0; i < images.size(); ++i) {
      if (images[i] != summary->image) continue;
      std::string& field = rows[at->second].second[i];
      if (!field.empty()) field += " ";
      field += mark(*summary);
      if (kind_of(summary->verdict) != CaseKind::Passed) {
        field += fmt::format(" {}", model::verdict_name(summary->verdict));
      }
    }
  }
  std::size_t left = rows.size();
  for (const auto& [id, fields] : rows) {
    std::string row = "| " + cell(id) + " |";
    for (const std::string& field : fields) row += " " + field + " |";
    if (text.size() + row.size() > limit) break;
    text += row + "\n";
    --left;
  }
  if (left > 0) text += fmt::format("\n… and {} more scenarios\n", left);
  return text;
}

}  // namespace

std::unique_ptr<Stream> github_stream(const TextStyle& style) {
  return std::make_unique<Github>(style);
}

base::Status write_github_summary(const run::Record& record, Sink& sink,
                                  std::size_t limit) {
  constexpr std::size_t kMaxText = 20'000;
  constexpr std::size_t kTail = 200;
  std::vector<const run::Summary*> order;
  for (const run::Summary& summary : record.results()) {
    order.push_back(&summary);
  }
  std::stable_sort(
      order.begin(), order.end(), [](const auto* a, const auto* b) {
        const int left = severity(a->verdict);
        const int right = severity(b->verdict);
        return left != right ? left > right : a->flaky() && !b->flaky();
      });
  std::string text = "## driftcage\n\n" + summary_text(record.suite(), {});
  text += "\n" + matrix(record, order, limit / 2) + "\n";
  std::size_t left_out = 0;
  for (const run::Summary* summary : order) {
    if (model::is_good(summary->verdict)) break;
    const run::ScenarioResult result = run::Record::load_or_error(*summary);
    // Four tildes: the text may hold a fence of backquotes.
    const std::string part = fmt::format(
        "<details><summary>{}: {}</summary>\n\n~~~~text\n{}~~~~\n\n</details>"
        "\n\n",
        cell(case_name(result)), cell(headline(result)),
        full_text(result, kMaxText));
    if (text.size() + part.size() + kTail > limit) {
      ++left_out;
    } else {
      text += part;
    }
  }
  if (left_out > 0) {
    text +=
        fmt::format("… and the text of {} more in the run record\n", left_out);
  }
  sink.write(text);
  return {};
}

}  // namespace driftcage::report
