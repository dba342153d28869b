// SPDX-License-Identifier: Apache-2.0
#include "harness/run/result_json.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "harness/image/digest.h"
#include "harness/run/record.h"

namespace driftcage::run {
namespace {

using Json = nlohmann::ordered_json;

Json error_json(const base::Error& error) {
  return {{"step", error.step},
          {"object", error.object},
          {"errno", error.err == 0 ? "" : base::errno_name(error.err)},
          {"hint", error.hint}};
}

Json place_json(const model::SourceRange& at) {
  return {{"line", at.line}, {"column", at.column}, {"length", at.length}};
}

Json event_json(const match::Sighting& sighting) {
  const model::Event& event = sighting.event;
  Json json = {{"seq", event.seq},
               {"at_ns", event.enter_ns},
               {"pid", sighting.pid},
               {"process", event.process},
               {"generation", event.generation},
               {"program", sighting.program},
               {"verb", model::verb_name(event.verb)},
               {"call", model::syscall_name(event.syscall)},
               {"path", event.path},
               {"abs", event.abs},
               {"result", event.result},
               {"errno", event.err == 0 ? "" : base::errno_name(event.err)}};
  if (!sighting.differs.empty()) json["differs"] = sighting.differs;
  if (!event.real.empty()) json["real"] = event.real;
  if (event.cause != model::Cause::None) {
    json["cause"] = model::cause_name(event.cause);
  }
  if (!event.cause_at.empty()) json["cause_at"] = event.cause_at;
  if (event.exec) json["argv"] = event.exec->argv;
  return json;
}

Json events_json(const std::vector<match::Sighting>& sightings) {
  Json list = Json::array();
  for (const auto& sighting : sightings) list.push_back(event_json(sighting));
  return list;
}

Json lines_json(const scenario::Expect& expect, const match::LegResult& leg) {
  Json list = Json::array();
  std::size_t index = 0;
  const auto add = [&](const char* kind,
                       const std::vector<model::EventLine>& lines) {
    for (const model::EventLine& line : lines) {
      if (index >= leg.lines.size()) return;
      const match::LineMatch& match = leg.lines[index++];
      list.push_back({{"kind", kind},
                      {"line", line.text},
                      {"at", place_json(line.at)},
                      {"count", match.count},
                      {"holds", match.holds},
                      {"first", events_json(match.first)},
                      {"closest", events_json(match.closest)}});
    }
  };
  add("see", expect.see);
  add("never", expect.never);
  add("keep", expect.keep);
  return list;
}

// Their texts follow each other in the files stdout and stderr.
Json step_results_json(const std::vector<match::StepResult>& steps) {
  Json list = Json::array();
  for (const match::StepResult& step : steps) {
    list.push_back({{"exit", step.exit},
                    {"stdout_bytes", step.stdout_text.size()},
                    {"stderr_bytes", step.stderr_text.size()}});
  }
  return list;
}

Json leg_json(const scenario::Expect& expect, const match::LegResult& leg) {
  Json steps = Json::object();
  for (const wire::StepTime& step : leg.cage.steps) steps[step.step] = step.ns;
  Json json = {{"name", leg.name},
               {"folder", leg_folder(leg.name)},
               {"outcome", wire::outcome_name(leg.end.outcome)},
               {"status", leg.end.status.text()},
               {"wait_status", leg.end.status.raw()},
               {"duration_ns", leg.end.duration_ns},
               {"cage_ns", leg.end.cage_ns},
               {"events", leg.end.events},
               {"integrity", model::integrity_text(leg.end.integrity)},
               {"integrity_bits", leg.end.integrity},
               {"left_behind", leg.end.left_behind},
               {"rung", leg.cage.rung},
               {"steps", std::move(steps)},
               {"notes", leg.cage.notes},
               {"output_cut", leg.output_cut},
               {"lines", lines_json(expect, leg)}};
  if (!leg.steps.empty()) json["step_results"] = step_results_json(leg.steps);
  if (leg.timeout_ms != 0) json["timeout_ms"] = leg.timeout_ms;
  if (!leg.unfinished.empty()) json["unfinished"] = leg.unfinished;
  if (!leg.end.error.step.empty()) json["error"] = error_json(leg.end.error);
  return json;
}

Json findings_json(const std::vector<match::Finding>& findings) {
  Json list = Json::array();
  for (const match::Finding& finding : findings) {
    list.push_back({{"leg", finding.leg},
                    {"message", finding.message},
                    {"verdict", model::verdict_name(finding.verdict)},
                    {"at", place_json(finding.at)},
                    {"seen", events_json(finding.seen)},
                    {"closest", events_json(finding.closest)}});
  }
  return list;
}

Json xfail_json(const scenario::Xfail& xfail) {
  return {{"why", xfail.why},
          {"until", xfail.until},
          {"issue", xfail.issue},
          {"strict", xfail.strict},
          {"waiver", xfail.waiver}};
}

Json retried_json(const ScenarioResult& result, const std::string& record) {
  Json list = Json::array();
  for (const Attempt& attempt : result.retried) {
    list.push_back({{"verdict", model::verdict_name(attempt.verdict)},
                    {"reason", attempt.reason},
                    {"duration_ns", attempt.duration_ns},
                    {"folder", relative_to(record, attempt.record_folder)}});
  }
  return list;
}

}  // namespace

Json result_json(const ScenarioResult& result,
                 const std::map<std::string, std::string>& variables,
                 const std::string& record) {
  const scenario::Scenario& scenario = result.scenario;
  const match::Judgement& judgement = result.judgement;
  Json legs = Json::array();
  for (const match::LegResult& leg : result.legs) {
    legs.push_back(leg_json(scenario.expect, leg));
    if (leg.leg == scenario::Leg::Control || scenario.weak()) continue;
    // "NAME=value" for new and changed, "NAME" for removed variables.
    legs.back()["environment_change"] = model::environment_change(
        result.legs.front().environment, leg.environment);
  }
  Json json = {{"schema", RecordWriter::kSchema},
               {"id", scenario.id},
               {"title", scenario.title},
               {"file", scenario.file},
               {"tags", scenario.tags},
               {"image", result.image},
               {"round", result.round},
               {"verdict", model::verdict_name(judgement.verdict)},
               {"reason", judgement.reason},
               {"decided_by", judgement.leg},
               {"weak", scenario.weak()},
               {"started_ns", result.started_ns},
               {"duration_ns", result.duration_ns},
               {"retried", retried_json(result, record)},
               {"findings", findings_json(judgement.findings)},
               {"legs", std::move(legs)},
               {"variables", variables}};
  // What scenario.toml alone does not tell. One that was cut still may parse,
  // and claims less then.
  json["scenario_digest"] = image::digest_of(scenario.source);
  if (!scenario.included.empty()) json["included"] = scenario.included;
  if (result.xfail) json["xfail"] = xfail_json(*result.xfail);
  return json;
}

Json summary_json(const ScenarioResult& result, const std::string& record) {
  return {{"schema", RecordWriter::kSchema},
          {"id", result.scenario.id},
          {"image", result.image},
          {"round", result.round},
          {"verdict", model::verdict_name(result.judgement.verdict)},
          {"reason", result.judgement.reason},
          {"retried", result.retried.size()},
          {"weak", result.scenario.weak()},
          {"started_ns", result.started_ns},
          {"duration_ns", result.duration_ns},
          {"folder", relative_to(record, result.record_folder)}};
}

std::string relative_to(const std::string& record, const std::string& path) {
  return path.substr(std::min(path.size(), record.size() + 1));
}

std::string json_text(const Json& value, int indent) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace driftcage::run
