// SPDX-License-Identifier: Apache-2.0
//
// The mirror of result_json.cc. Everything is read with a default: a field
// that is missing is no reason to lose the rest, one of a wrong type is.
#include "harness/run/result_read.h"

#include <algorithm>
#include <cerrno>
#include <map>
#include <utility>

#include <nlohmann/json.hpp>

#include "harness/base/sys.h"
#include "harness/image/digest.h"
#include "harness/run/record.h"
#include "harness/run/record_reader.h"
#include "harness/scenario/parser.h"

namespace driftcage::run {
namespace {

using Json = nlohmann::ordered_json;

std::string text(const Json& json, const char* key) {
  return json.value(key, std::string());
}

template <class Enum, class Names>
Enum one_of(const std::string& name, Enum last, Names names, Enum otherwise) {
  for (int i = 0; i <= static_cast<int>(last); ++i) {
    const auto value = static_cast<Enum>(i);
    if (names(value) == name) return value;
  }
  return otherwise;
}

base::Error error_of(const Json& json) {
  return {text(json, "step"), text(json, "object"),
          base::errno_number(text(json, "errno")), text(json, "hint")};
}

model::SourceRange place_of(const Json& json, const std::string& file) {
  model::SourceRange at;
  at.file = file;
  at.line = json.value("line", at.line);
  at.column = json.value("column", at.column);
  at.length = json.value("length", at.length);
  return at;
}

match::Sighting sighting_of(const Json& json) {
  match::Sighting seen;
  model::Event& event = seen.event;
  seen.pid = json.value("pid", 0);
  seen.program = text(json, "program");
  seen.differs = text(json, "differs");
  event.seq = json.value("seq", std::uint64_t{0});
  event.enter_ns = json.value("at_ns", std::uint64_t{0});
  event.process = json.value("process", 0u);
  event.generation = json.value("generation", 0u);
  event.verb =
      model::verb_from_name(text(json, "verb")).value_or(model::Verb::Open);
  event.syscall = model::syscall_from_name(text(json, "call"))
                      .value_or(model::Syscall::Unknown);
  event.path = text(json, "path");
  event.abs = text(json, "abs");
  event.real = text(json, "real");
  event.result = json.value("result", std::int64_t{0});
  event.err = base::errno_number(text(json, "errno"));
  event.cause =
      model::cause_from_name(text(json, "cause")).value_or(model::Cause::None);
  event.cause_at = text(json, "cause_at");
  if (json.contains("argv")) {
    event.exec.emplace();
    event.exec->argv = json.at("argv").get<std::vector<std::string>>();
  }
  return seen;
}

std::vector<match::Sighting> sightings_of(const Json& json, const char* key) {
  std::vector<match::Sighting> list;
  const auto found = json.find(key);
  if (found == json.end()) return list;
  for (const Json& item : *found) list.push_back(sighting_of(item));
  return list;
}

match::LegResult leg_of(const Json& json, const match::Variables& variables) {
  match::LegResult leg;
  leg.name = text(json, "name");
  leg.leg = leg.name == "control" ? scenario::Leg::Control
            : leg.name == "fault" ? scenario::Leg::Fault
                                  : scenario::Leg::Fix;
  leg.end.outcome = one_of(text(json, "outcome"), wire::Outcome::Leak,
                           wire::outcome_name, wire::Outcome::TraceError);
  leg.end.status = base::WaitStatus(json.value("wait_status", 0));
  leg.end.duration_ns = json.value("duration_ns", std::uint64_t{0});
  leg.end.cage_ns = json.value("cage_ns", std::uint64_t{0});
  leg.end.events = json.value("events", std::uint64_t{0});
  leg.end.integrity = json.value("integrity_bits", 0u);
  leg.end.left_behind = json.value("left_behind", std::uint64_t{0});
  if (json.contains("error")) leg.end.error = error_of(json.at("error"));
  leg.cage.rung = text(json, "rung");
  leg.cage.notes = json.value("notes", std::vector<std::string>());
  leg.timeout_ms = json.value("timeout_ms", std::uint64_t{0});
  leg.unfinished = json.value("unfinished", std::vector<std::string>());
  leg.output_cut = json.value("output_cut", false);
  for (const Json& line : json.value("lines", Json::array())) {
    match::LineMatch match;
    match.count = line.value("count", std::uint64_t{0});
    match.holds = line.value("holds", false);
    match.first = sightings_of(line, "first");
    match.closest = sightings_of(line, "closest");
    leg.lines.push_back(std::move(match));
  }
  leg.variables = variables;
  return leg;
}

std::vector<match::StepResult> steps_of(const Json& json,
                                        const match::LegResult& leg) {
  std::vector<match::StepResult> steps;
  std::size_t out = 0;
  std::size_t err = 0;
  const auto cut = [](const std::string& text, std::size_t& at,
                      std::size_t bytes) {
    at = std::min(at, text.size());
    std::string part = text.substr(at, bytes);
    at += part.size();
    return part;
  };
  for (const Json& item : json.value("step_results", Json::array())) {
    match::StepResult step;
    step.exit = item.value("exit", 0);
    step.stdout_text =
        cut(leg.stdout_text, out, item.value("stdout_bytes", std::size_t{0}));
    step.stderr_text =
        cut(leg.stderr_text, err, item.value("stderr_bytes", std::size_t{0}));
    steps.push_back(std::move(step));
  }
  return steps;
}

scenario::Xfail xfail_of(const Json& json) {
  scenario::Xfail xfail;
  xfail.why = text(json, "why");
  xfail.until = text(json, "until");
  xfail.issue = text(json, "issue");
  xfail.strict = json.value("strict", true);
  xfail.waiver = json.value("waiver", false);
  return xfail;
}

match::Judgement judgement_of(const Json& json, const std::string& file) {
  match::Judgement judgement;
  judgement.verdict = model::verdict_from_name(text(json, "verdict"))
                          .value_or(model::Verdict::Error);
  judgement.reason = text(json, "reason");
  judgement.leg = text(json, "decided_by");
  for (const Json& item : json.value("findings", Json::array())) {
    match::Finding finding;
    finding.leg = text(item, "leg");
    finding.message = text(item, "message");
    finding.verdict = model::verdict_from_name(text(item, "verdict"))
                          .value_or(judgement.verdict);
    finding.at = place_of(item.value("at", Json::object()), file);
    finding.seen = sightings_of(item, "seen");
    finding.closest = sightings_of(item, "closest");
    judgement.findings.push_back(std::move(finding));
  }
  return judgement;
}

std::string output_of(const std::string& file) {
  auto bytes = base::sys::read_file(file);
  return bytes ? *std::move(bytes) : std::string();  // none was printed
}

// The scenario as it was, of a matrix the combination that ran; one that no
// longer parses, because the format moved on, still has its names. `unread`:
// see ScenarioResult.
scenario::Scenario scenario_of(const Json& json, const std::string& source,
                               std::string& unread) {
  const std::string file = text(json, "file");
  const std::string id = text(json, "id");
  const auto included =
      json.value("included", std::map<std::string, std::string>());
  const auto read =
      [&included](const std::string& path) -> base::Result<std::string> {
    const auto found = included.find(path);
    if (found != included.end()) return found->second;
    return base::fail("read included file", path, ENOENT);
  };
  const std::string digest = text(json, "scenario_digest");
  if (!digest.empty() && digest != image::digest_of(source)) {
    unread = "scenario.toml of the record is not what ran: damaged or edited";
  } else if (auto parsed = scenario::parse_all(source, file, {"", read})) {
    for (scenario::Scenario& one : *parsed) {
      if (one.id == id) return std::move(one);
    }
    unread = "scenario.toml of the record has no scenario of that id";
  } else {
    unread = "scenario.toml of the record is of another format, or damaged";
  }
  scenario::Scenario scenario;
  scenario.file = file;
  scenario.source = source;
  scenario.fault_leg_only = json.value("weak", false);
  return scenario;
}

ScenarioResult result_of(const Json& json, const std::string& source,
                         const std::string& folder, const std::string& record) {
  ScenarioResult result;
  result.scenario = scenario_of(json, source, result.unread);
  result.scenario.id = text(json, "id");
  result.scenario.title = text(json, "title");
  result.scenario.tags = json.value("tags", std::vector<std::string>());
  result.image = text(json, "image");
  result.round = json.value("round", 0u);
  result.started_ns = json.value("started_ns", std::uint64_t{0});
  result.duration_ns = json.value("duration_ns", std::uint64_t{0});
  result.record_folder = folder;
  result.judgement = judgement_of(json, result.scenario.file);
  if (json.contains("xfail")) result.xfail = xfail_of(json.at("xfail"));
  const auto variables = json.value("variables", match::Variables());
  for (const Json& item : json.value("legs", Json::array())) {
    match::LegResult leg = leg_of(item, variables);
    const std::string at = folder + "/" + leg_folder(leg.name);
    leg.stdout_text = output_of(at + "/stdout");
    leg.stderr_text = output_of(at + "/stderr");
    leg.steps = steps_of(item, leg);
    result.legs.push_back(std::move(leg));
  }
  for (const Json& item : json.value("retried", Json::array())) {
    result.retried.push_back({model::verdict_from_name(text(item, "verdict"))
                                  .value_or(model::Verdict::Error),
                              text(item, "reason"),
                              item.value("duration_ns", std::uint64_t{0}),
                              record + "/" + text(item, "folder")});
  }
  return result;
}

}  // namespace

base::Result<ScenarioResult> read_result(const std::string& folder,
                                         const std::string& record) {
  const std::string file = folder + "/result.json";
  const std::string bytes = DRIFTCAGE_TRY(base::sys::read_file(file));
  const std::string source =
      DRIFTCAGE_TRY(base::sys::read_file(folder + "/scenario.toml"));
  const Json json = Json::parse(bytes, nullptr, false);
  if (!json.is_object()) {
    return base::fail(kReadRecord, file, 0, "it is damaged or cut off");
  }
  // The library reports a wrong type by throwing.
  try {
    if (const int schema = json.value("schema", 0);
        schema != RecordWriter::kSchema) {
      return base::fail(kReadRecord, file, 0,
                        "it has schema " + std::to_string(schema) +
                            ", this driftcage reads " +
                            std::to_string(RecordWriter::kSchema));
    }
    return result_of(json, source, folder, record);
  } catch (const nlohmann::json::exception& error) {
    return base::fail(kReadRecord, file, 0, error.what());
  }
}

}  // namespace driftcage::run
