// SPDX-License-Identifier: Apache-2.0
#include "harness/report/tap.h"

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "harness/base/wait_status.h"
#include "harness/report/case.h"
#include "harness/report/escape.h"

namespace driftcage::report {
namespace {

constexpr std::size_t kMaxText = 20'000;

// Descriptions may not hold an unescaped # or end a line.
std::string description(std::string_view text) {
  std::string safe;
  for (const char c : text.substr(0, text.find('\n'))) {
    if (c == '#' || c == '\\') safe += '\\';
    safe += c;
  }
  return safe;
}

// A YAML literal block: no quoting, only indentation.
std::string block(const char* key, std::string_view text) {
  std::string out = fmt::format("  {}: |\n", key);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    out += fmt::format("    {}\n", text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') out += '\'';
    out += c;
  }
  return out + "'";
}

std::string tried_before(const run::ScenarioResult& result) {
  std::string text;
  for (const run::Attempt& attempt : result.retried) {
    text += fmt::format("{}: {}\n", model::verdict_name(attempt.verdict),
                        printable_text(attempt.reason));
  }
  return text;
}

class Tap : public Stream {
 public:
  std::string begin(std::size_t scenarios) override {
    std::string text = fmt::format("TAP version 14\n1..{}", scenarios);
    return text + (scenarios == 0 ? " # SKIP nothing in this shard\n" : "\n");
  }

  std::string add(const run::ScenarioResult& result) override {
    const model::Verdict verdict = result.judgement.verdict;
    const std::string name = description(case_name(result));
    std::string text;
    if (!result.legs.empty()) {
      text +=
          fmt::format("# Subtest: {}\n    1..{}\n", name, result.legs.size());
      std::size_t number = 0;
      for (const match::LegResult& leg : result.legs) {
        bool wrong = false;
        for (const match::Finding& finding : result.judgement.findings) {
          wrong |= finding.leg == leg.name;
        }
        text += fmt::format("    {} {} - {}\n", wrong ? "not ok" : "ok",
                            ++number, description(leg.name));
      }
    }
    // A known failure is "not ok" with TODO: it would be news if it were ok.
    const bool ok = model::is_good(verdict) && verdict != model::Verdict::Xfail;
    text += fmt::format("{} {} - {}", ok ? "ok" : "not ok", ++number_, name);
    const std::string reason =
        description(printable_text(result.judgement.reason));
    if (verdict == model::Verdict::Skip) text += " # SKIP " + reason;
    if (verdict == model::Verdict::Xfail) text += " # TODO " + reason;
    text += "\n";
    if (ok && !result.flaky()) return text;
    text += fmt::format("  ---\n  verdict: {}\n  message: {}\n",
                        model::verdict_name(verdict), quoted(headline(result)));
    const model::SourceRange at = place_of(result);
    if (at.line > 0) {
      text += fmt::format("  at: {}\n",
                          quoted(fmt::format("{}:{}", at.file, at.line)));
    }
    text += fmt::format("  duration_ms: {}\n", result.duration_ns / 1'000'000);
    if (!result.retried.empty()) {
      text += fmt::format("  flaky: {}\n  tries: {}\n", result.flaky(),
                          result.retried.size() + 1);
      text += block("before", tried_before(result));
    }
    if (!ok) text += block("report", full_text(result, kMaxText));
    return text + "  ...\n";
  }

  std::string end(const run::SuiteResult& result) override {
    const std::string gap = not_run_text(result);
    return gap.empty() ? gap : "Bail out! " + gap + "\n";
  }

 private:
  std::size_t number_ = 0;
};

}  // namespace

std::unique_ptr<Stream> tap_stream() { return std::make_unique<Tap>(); }

}  // namespace driftcage::report
