// SPDX-License-Identifier: Apache-2.0
//
// What the readers do with it decided the form:
//  - GitLab shows the text of a failure and not its message, identifies a case
//    by classname and name, and takes an attachment only from the output of a
//    failed case;
//  - Jenkins takes error before failure and cuts output;
//  - the GitHub actions read the file and line attributes, and the first
//    failure of a case only.
#include "harness/report/junit.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

#include <pugixml.hpp>

#include "harness/report/case.h"
#include "harness/report/escape.h"

namespace driftcage::report {
namespace {

constexpr std::size_t kMaxBody = 50'000;
constexpr std::size_t kShortBody = 500;
// Past it cases keep a short text.
constexpr std::size_t kMaxTotal = 20u << 20;

std::string seconds(std::uint64_t ns) {
  return fmt::format("{:.3f}", static_cast<double>(ns) / 1e9);
}

struct Counts {
  std::size_t tests = 0;
  std::size_t failures = 0;
  std::size_t errors = 0;
  std::size_t skipped = 0;
  std::uint64_t time_ns = 0;

  void add(const run::Summary& summary) {
    ++tests;
    time_ns += summary.duration_ns;
    const CaseKind kind = kind_of(summary.verdict);
    failures += kind == CaseKind::Failed ? 1 : 0;
    errors += kind == CaseKind::Broken ? 1 : 0;
    skipped += kind == CaseKind::Skipped ? 1 : 0;
  }
  void add_error() {
    ++tests;
    ++errors;
  }
  void write(pugi::xml_node node) const {
    node.append_attribute("tests") = static_cast<unsigned long long>(tests);
    node.append_attribute("failures") =
        static_cast<unsigned long long>(failures);
    node.append_attribute("errors") = static_cast<unsigned long long>(errors);
    node.append_attribute("skipped") = static_cast<unsigned long long>(skipped);
    node.append_attribute("time") = seconds(time_ns).c_str();
  }
};

// "scenarios.go" for "go": readers make a tree of the dots.
std::string class_name(const std::string& folder) {
  std::string name = "driftcage";
  if (folder != ".") name += "." + folder;
  std::replace(name.begin(), name.end(), '/', '.');
  return name;
}

void set_text(pugi::xml_node node, const std::string& text) {
  node.append_child(pugi::node_pcdata).set_value(text.c_str());
}

void set(pugi::xml_node node, const char* name, const std::string& value) {
  node.append_attribute(name) = printable_text(value).c_str();
}

// The opening tag of an element that is written piece by piece.
std::string open_tag(const pugi::xml_node& node) {
  std::ostringstream out;
  node.print(out, "  ", pugi::format_raw);
  std::string tag = out.str();
  const std::size_t end = tag.rfind("/>");
  return tag.substr(0, end) + ">\n";
}

std::string element(const pugi::xml_node& node, unsigned depth) {
  std::ostringstream out;
  node.print(out, "  ", pugi::format_indent, pugi::encoding_utf8, depth);
  return out.str();
}

class Writer {
 public:
  Writer(const run::Record& record, Sink& sink) : record_(record), sink_(sink) {
    std::error_code code;
    const std::filesystem::path here = std::filesystem::current_path(code);
    // CI systems attach only what lies below the checkout.
    const auto below =
        std::filesystem::path(record.folder()).lexically_relative(here);
    if (!code && !below.empty() && !below.string().starts_with("..")) {
      attach_ = below.string();
    }
  }

  base::Status run() {
    std::map<std::string, std::vector<const run::Summary*>> suites;
    Counts all;
    for (const run::Summary& summary : record_.results()) {
      suites[folder_of(summary.id)].push_back(&summary);
      all.add(summary);
    }
    sink_.write("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    pugi::xml_document document;
    pugi::xml_node root = document.append_child("testsuites");
    set(root, "name", "driftcage");
    const std::string not_run = not_run_text(record_.suite());
    if (!not_run.empty()) all.add_error();
    all.write(root);
    sink_.write(open_tag(root));
    for (const auto& [folder, summaries] : suites) {
      DRIFTCAGE_CHECK_OK(suite(folder, summaries));
    }
    if (!not_run.empty()) gap(not_run);
    sink_.write("</testsuites>\n");
    return {};
  }

 private:
  pugi::xml_node begin_suite(pugi::xml_document& document,
                             const std::string& name, const Counts& counts) {
    pugi::xml_node node = document.append_child("testsuite");
    set(node, "name", name);
    counts.write(node);
    set(node, "timestamp", record_.started().substr(0, 19));
    set(node, "hostname", record_.host().empty() ? "-" : record_.host());
    return node;
  }

  // The readers know nothing but cases: without one, a run that was stopped
  // would be green.
  void gap(const std::string& not_run) {
    Counts counts;
    counts.add_error();
    pugi::xml_document document;
    pugi::xml_node node = begin_suite(document, "driftcage", counts);
    pugi::xml_node run =
        node.append_child("properties").append_child("property");
    set(run, "name", "driftcage.run");
    set(run, "value", record_.suite().run_id);
    pugi::xml_node test = node.append_child("testcase");
    set(test, "name", kWholeRun);
    set(test, "classname", "driftcage");
    set(test, "time", seconds(0));
    pugi::xml_node error = test.append_child("error");
    set(error, "message", not_run);
    set(error, "type", "not-run");
    set_text(error, not_run);
    set_text(test.append_child("system-out"), not_run);
    sink_.write(element(node, 1));
  }

  base::Status suite(const std::string& folder,
                     const std::vector<const run::Summary*>& summaries) {
    Counts counts;
    for (const run::Summary* summary : summaries) counts.add(*summary);
    pugi::xml_document document;
    const pugi::xml_node node =
        begin_suite(document, class_name(folder), counts);
    sink_.write("  " + open_tag(node));
    properties(document);
    for (const run::Summary* summary : summaries) {
      const run::ScenarioResult result = run::Record::load_or_error(*summary);
      const std::string text = test_case(class_name(folder), result);
      total_ += text.size();
      sink_.write(text);
    }
    sink_.write("  </testsuite>\n");
    return {};
  }

  void properties(pugi::xml_document& document) {
    pugi::xml_node node = document.append_child("properties");
    const auto add = [&](const std::string& name, const std::string& value) {
      pugi::xml_node property = node.append_child("property");
      set(property, "name", name);
      set(property, "value", value);
    };
    add("driftcage.run", record_.suite().run_id);
    add("kernel", record_.kernel());
    const run::RunHead& head = record_.head();
    if (head.order == run::Order::Random) {
      add("seed", std::to_string(head.seed));
    }
    if (head.shard) add("shard", head.shard->text());
    for (const run::RecordedImage& image : head.images) {
      add("image." + image.reference, image.identity);
      for (const model::Tool& tool : image.facts.tools) {
        add("image." + image.reference + "." + tool.name, tool.version);
      }
    }
    sink_.write(element(node, 2));
  }

  std::string test_case(const std::string& class_text,
                        const run::ScenarioResult& result) {
    pugi::xml_document document;
    pugi::xml_node node = document.append_child("testcase");
    set(node, "name", case_name(result));
    set(node, "classname", class_text);
    set(node, "time", seconds(result.duration_ns));
    const model::SourceRange at = place_of(result);
    set(node, "file", at.file);
    if (at.line > 0) set(node, "line", std::to_string(at.line));

    const CaseKind kind = kind_of(result.judgement.verdict);
    const bool bad = kind == CaseKind::Failed || kind == CaseKind::Broken;
    if (kind == CaseKind::Skipped) {
      pugi::xml_node skipped = node.append_child("skipped");
      set(skipped, "message", headline(result));
      // GitLab shows the body, others the attribute.
      set_text(skipped, headline(result));
    } else if (bad) {
      pugi::xml_node failure =
          node.append_child(kind == CaseKind::Failed ? "failure" : "error");
      set(failure, "message", headline(result));
      set(failure, "type",
          std::string(model::verdict_name(result.judgement.verdict)));
      const std::size_t limit = total_ < kMaxTotal ? kMaxBody : kShortBody;
      set_text(failure, headline(result) + "\n" + full_text(result, limit));
    }
    for (const run::Attempt& attempt : result.retried) {
      pugi::xml_node retry =
          node.append_child(bad ? "rerunFailure" : "flakyFailure");
      const std::string word(model::verdict_name(attempt.verdict));
      set(retry, "message", word + ": " + attempt.reason);
      set(retry, "type", word);
    }
    pugi::xml_node out = node.append_child("system-out");
    std::string text = legs_text(result);
    if (bad && !attach_.empty() && !result.record_folder.empty()) {
      text += fmt::format("[[ATTACHMENT|{}{}/result.json]]\n", attach_,
                          result.record_folder.substr(record_.folder().size()));
    }
    set_text(out, printable_text(text));
    return element(node, 2);
  }

  const run::Record& record_;
  Sink& sink_;
  std::string attach_;
  std::size_t total_ = 0;
};

}  // namespace

base::Status write_junit(const run::Record& record, Sink& sink) {
  return Writer(record, sink).run();
}

}  // namespace driftcage::report
