// SPDX-License-Identifier: Apache-2.0
#include "harness/report/html_data.h"

#include <algorithm>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/base/path.h"
#include "harness/base/redact.h"
#include "harness/match/stage.h"
#include "harness/plan/planner.h"
#include "harness/report/case.h"
#include "harness/report/escape.h"
#include "harness/report/event_text.h"
#include "harness/report/next_steps.h"
#include "harness/report/shorten.h"
#include "harness/run/record.h"
#include "harness/run/trace_file.h"

namespace driftcage::report {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMaxProcesses = 60;
constexpr std::size_t kMaxFailed = 150;
constexpr std::size_t kMaxOutput = 4'000;
constexpr std::size_t kMaxLine = 300;

double milliseconds(std::uint64_t ns) { return static_cast<double>(ns) / 1e6; }

// A stored trace as a picture: bars of processes, marks of failed calls. Keeps
// the first ones of each; counts all.
class LegTree {
 public:
  explicit LegTree(const Shortener& shortener) : shortener_(shortener) {}

  // A trace that is cut, or damaged, shows what there is.
  // False when the file cannot be read, or is cut off.
  bool read(const std::string& file) {
    bool whole = false;
    const auto done = run::read_trace(file, [&](const wire::Record& record) {
      whole = std::holds_alternative<wire::End>(record);
      add(record);
      return true;
    });
    return done && whole;
  }

  [[nodiscard]] Json json() const {
    Json processes = Json::array();
    for (const auto& [number, process] : processes_) {
      processes.push_back(
          {{"p", number},
           {"up", process.parent},
           {"pid", process.pid},
           {"name", printable(process.name)},
           {"from", milliseconds(process.from_ns)},
           {"to", milliseconds(std::max(process.to_ns, process.from_ns))},
           {"end", process.end}});
      if (!process.stage.empty() && process.stage != process.name)
        processes.back()["stage"] = process.stage;
    }
    return {{"processes", std::move(processes)},
            {"more", all_processes_ - processes_.size()},
            {"failed", failed_},
            {"failed_total", all_failed_},
            {"ms", milliseconds(last_ns_)}};
  }

 private:
  struct Process {
    std::uint32_t parent = 0;
    std::int32_t pid = 0;
    std::string name;
    std::uint64_t from_ns = 0;
    std::uint64_t to_ns = 0;
    std::string end;
    std::string stage;  // of a build, see match::Stages
  };

  void add(const wire::Record& record) {
    stages_.add(record);
    if (const auto* start = std::get_if<model::ProcessStart>(&record)) {
      ++all_processes_;
      last_ns_ = std::max(last_ns_, start->at_ns);
      if (processes_.size() >= kMaxProcesses) return;
      Process process;
      process.parent = start->parent;
      process.pid = start->pid;
      process.from_ns = process.to_ns = start->at_ns;
      const auto parent = processes_.find(start->parent);
      if (parent != processes_.end()) process.name = parent->second.name;
      processes_.emplace(start->process, std::move(process));
    } else if (const auto* end = std::get_if<model::ProcessEnd>(&record)) {
      last_ns_ = std::max(last_ns_, end->at_ns);
      const auto found = processes_.find(end->process);
      if (found == processes_.end()) return;
      found->second.to_ns = end->at_ns;
      found->second.end = end->status.success() ? "" : end->status.text();
    } else if (const auto* event = std::get_if<model::Event>(&record)) {
      add_event(*event);
    }
  }

  void add_event(const model::Event& event) {
    last_ns_ = std::max(last_ns_, event.exit_ns);
    const auto found = processes_.find(event.process);
    if (found != processes_.end()) {
      found->second.to_ns = std::max(found->second.to_ns, event.exit_ns);
      if (event.verb == model::Verb::Exec && event.ok()) {
        found->second.name = base::path::base_name(event.abs);
      }
      found->second.stage = stages_.stage(event.process);
    }
    if (event.ok()) return;
    ++all_failed_;
    // Programs that could not be started come first in every story.
    const bool exec = event.verb == model::Verb::Exec;
    if (failed_.size() >= (exec ? 2 * kMaxFailed : kMaxFailed)) return;
    failed_.push_back(
        {{"p", event.process},
         {"at", milliseconds(event.enter_ns)},
         {"line", cut(event_line(event, shortener_), kMaxLine)},
         {"cause", cut(cause_text(event, shortener_), kMaxLine)}});
  }

  const Shortener& shortener_;
  match::Stages stages_;
  std::map<std::uint32_t, Process> processes_;
  std::size_t all_processes_ = 0;
  Json failed_ = Json::array();
  std::size_t all_failed_ = 0;
  std::uint64_t last_ns_ = 0;
};

class Data {
 public:
  Data(const run::ScenarioResult& result, bool trees)
      : result_(result), trees_(trees) {
    match::Variables variables{
        {"WORK", plan::kWork}, {"HOME", plan::kHome}, {"TMP", plan::kTmp}};
    for (const match::LegResult& leg : result.legs) {
      variables.insert(leg.variables.begin(), leg.variables.end());
    }
    shortener_ = Shortener(variables);
  }

  [[nodiscard]] Json json() const {
    Json legs = Json::array();
    for (const match::LegResult& leg : result_.legs)
      legs.push_back(leg_json(leg));
    Json retried = Json::array();
    for (const run::Attempt& attempt : result_.retried) {
      retried.push_back(std::string(model::verdict_name(attempt.verdict)) +
                        ": " + attempt.reason);
    }
    Json next = Json::array();
    for (const NextStep& step : next_steps(result_)) {
      next.push_back({{"command", step.command}, {"why", step.why}});
    }
    return {
        {"title", result_.scenario.title}, {"about", result_.scenario.about},
        {"file", result_.scenario.file},   {"refs", result_.scenario.refs},
        {"leg", result_.judgement.leg},    {"record", result_.record_folder},
        {"retried", std::move(retried)},   {"findings", findings_json()},
        {"lines", lines_json()},           {"legs", std::move(legs)},
        {"next", std::move(next)}};
  }

 private:
  [[nodiscard]] std::string foreign(std::string_view text) const {
    return cut(printable_text(shortener_.text(base::redact_text(text))),
               kMaxOutput);
  }

  [[nodiscard]] Json events_json(
      const std::vector<match::Sighting>& sightings) const {
    Json list = Json::array();
    for (const match::Sighting& seen : sightings) {
      std::string text = cut(event_line(seen.event, shortener_), kMaxLine) +
                         "  by " + printable(seen.program);
      if (!seen.differs.empty()) text += "  differs: " + seen.differs;
      const std::string cause = cause_text(seen.event, shortener_);
      if (!cause.empty()) text += "  # " + cause;
      list.push_back(std::move(text));
    }
    return list;
  }

  [[nodiscard]] Json findings_json() const {
    Json list = Json::array();
    for (const match::Finding& finding : result_.judgement.findings) {
      list.push_back({{"leg", finding.leg},
                      {"message", foreign(finding.message)},
                      {"line", finding.at.line},
                      {"column", finding.at.column},
                      {"length", finding.at.length},
                      {"source", source_line(finding.at.line)},
                      {"seen", events_json(finding.seen)},
                      {"closest", events_json(finding.closest)}});
    }
    return list;
  }

  [[nodiscard]] std::string source_line(std::size_t line) const {
    if (line == 0) return {};
    std::string_view rest(result_.scenario.source);
    for (std::size_t at = 1; at < line; ++at) {
      const std::size_t end = rest.find('\n');
      if (end == std::string_view::npos) return {};
      rest.remove_prefix(end + 1);
    }
    return printable_text(rest.substr(0, rest.find('\n')));
  }

  // One row per event line: what each leg saw of it.
  [[nodiscard]] Json lines_json() const {
    const scenario::Expect& expect = result_.scenario.expect;
    Json list = Json::array();
    std::size_t at = 0;
    const auto add = [&](const char* kind,
                         const std::vector<model::EventLine>& lines) {
      for (const model::EventLine& line : lines) {
        Json legs = Json::array();
        for (const match::LegResult& leg : result_.legs) {
          if (at >= leg.lines.size()) continue;
          legs.push_back({{"leg", leg.name},
                          {"count", leg.lines[at].count},
                          {"holds", leg.lines[at].holds},
                          {"first", events_json(leg.lines[at].first)}});
        }
        list.push_back({{"kind", kind},
                        {"text", printable_text(line.text)},
                        {"flips", flips(at)},
                        {"legs", std::move(legs)}});
        ++at;
      }
    };
    add("see", expect.see);
    add("never", expect.never);
    add("keep", expect.keep);
    return list;
  }

  [[nodiscard]] bool flips(std::size_t at) const {
    const match::LegResult* control = nullptr;
    const match::LegResult* fault = nullptr;
    for (const match::LegResult& leg : result_.legs) {
      if (leg.leg == scenario::Leg::Control) control = &leg;
      if (leg.leg == scenario::Leg::Fault) fault = &leg;
    }
    if (control == nullptr || fault == nullptr) return false;
    if (at >= control->lines.size() || at >= fault->lines.size()) return false;
    return control->lines[at].holds != fault->lines[at].holds;
  }

  [[nodiscard]] Json leg_json(const match::LegResult& leg) const {
    const bool finished = leg.end.outcome == wire::Outcome::Finished;
    std::size_t wrong = 0;
    for (const match::Finding& finding : result_.judgement.findings) {
      if (finding.leg == leg.name) ++wrong;
    }
    Json json = {
        {"name", leg.name},
        {"exit", finished ? leg.end.status.text()
                          : std::string(wire::outcome_name(leg.end.outcome))},
        {"seconds", static_cast<double>(leg.end.duration_ns) / 1e9},
        {"events", leg.end.events},
        {"integrity", model::integrity_text(leg.end.integrity)},
        {"wrong", wrong},
        {"stdout", tail(leg.stdout_text)},
        {"stderr", tail(leg.stderr_text)}};
    if (trees_) {
      LegTree tree(shortener_);
      if (!tree.read(result_.record_folder + "/" + run::leg_folder(leg.name) +
                     "/trace.dct")) {
        json["integrity"] =
            model::integrity_text(leg.end.integrity | model::kTruncated);
      }
      json["tree"] = tree.json();
    }
    return json;
  }

  // Errors stand at the end.
  [[nodiscard]] std::string tail(const std::string& text) const {
    if (text.size() <= kMaxOutput) return foreign(text);
    const std::size_t line = text.find('\n', text.size() - kMaxOutput + 200);
    return "...\n" + foreign(text.substr(std::min(line, text.size() - 1) + 1));
  }

  const run::ScenarioResult& result_;
  bool trees_;
  Shortener shortener_;
};

}  // namespace

Json html_data(const run::ScenarioResult& result, bool trees) {
  return Data(result, trees).json();
}

}  // namespace driftcage::report
