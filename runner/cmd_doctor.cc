// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>

#include <nlohmann/json.hpp>

#include "harness/base/environment.h"
#include "harness/cage/probe.h"
#include "harness/image/open.h"
#include "harness/model/verdict.h"
#include "harness/run/launcher.h"
#include "runner/catalog.h"
#include "runner/commands.h"
#include "runner/terminal.h"

namespace driftcage::runner {
namespace {

// Programs that the shipped scenarios ask for.
constexpr const char* kTools[] = {"go", "gcc"};

struct Findings {
  cage::HostFacts host;
  cage::Diagnosis diagnosis;
  base::Result<std::string> cell;
  base::Result<std::string> scenarios;
  std::map<std::string, std::string> tools;  // name -> path, empty: none
};

Findings examine() {
  Findings findings{
      cage::probe_host(), {}, run::find_cell(), find_scenarios(), {}};
  findings.diagnosis = cage::diagnose(findings.host);
  const auto image = image::open_image("host", base::environment());
  for (const char* tool : kTools)
    findings.tools[tool] =
        image ? image::find_program(*image, tool) : std::string();
  return findings;
}

std::string path_or_message(const base::Result<std::string>& result) {
  return result ? *result : result.error().message();
}

std::string as_text(const Findings& findings) {
  std::size_t width = 9;
  for (const cage::ProbeStep& step : findings.host.steps)
    width = std::max(width, step.step.size());
  const auto row = [width](const std::string& name, const std::string& state,
                           const std::string& detail) {
    std::string line =
        fmt::format("{:<{}}  {:<8}{}", name, width, state, detail);
    line.erase(line.find_last_not_of(' ') + 1);
    return line + "\n";
  };
  std::string text;
  for (const cage::ProbeStep& step : findings.host.steps)
    text += row(step.step, step.err == 0 ? "ok" : base::errno_name(step.err),
                step.detail);
  for (const auto& [name, value] : findings.host.facts)
    text += row(name, "", value);
  text += row("helper", findings.cell ? "ok" : "missing",
              path_or_message(findings.cell));
  text += row("scenarios", findings.scenarios ? "ok" : "missing",
              path_or_message(findings.scenarios));
  for (const auto& [name, path] : findings.tools)
    text += row(name, path.empty() ? "missing" : "ok", path);

  const cage::Diagnosis& diagnosis = findings.diagnosis;
  text += fmt::format("\nrung: {}\n",
                      diagnosis.rung.empty() ? "none" : diagnosis.rung);
  if (!diagnosis.code.empty()) {
    text += fmt::format("{}: {}\n  evidence: {}\n", diagnosis.code,
                        diagnosis.cause, diagnosis.evidence);
    if (!diagnosis.remedies.empty())
      text += fmt::format("  remedy: {}\n", diagnosis.remedies.front());
  }
  return text;
}

std::string as_json(const Findings& findings) {
  using Json = nlohmann::ordered_json;
  Json steps = Json::array();
  for (const cage::ProbeStep& step : findings.host.steps)
    steps.push_back({{"step", step.step},
                     {"ok", step.err == 0},
                     {"errno", step.err == 0 ? "" : base::errno_name(step.err)},
                     {"detail", step.detail}});
  const cage::Diagnosis& diagnosis = findings.diagnosis;
  const Json document{
      {"rung", diagnosis.rung},
      {"code", diagnosis.code},
      {"cause", diagnosis.cause},
      {"evidence", diagnosis.evidence},
      {"remedies", diagnosis.remedies},
      {"steps", steps},
      {"facts", findings.host.facts},
      {"helper", findings.cell ? Json(*findings.cell) : Json()},
      {"scenarios", findings.scenarios ? Json(*findings.scenarios) : Json()},
      {"tools", findings.tools}};
  return document.dump(2, ' ', false,
                       nlohmann::json::error_handler_t::replace) +
         "\n";
}

int doctor(bool json) {
  const Findings findings = examine();
  write_out(json ? as_json(findings) : as_text(findings));
  const bool able = !findings.diagnosis.rung.empty() && findings.cell;
  return able ? model::kExitGood : model::kExitHost;
}

}  // namespace

void add_doctor(CLI::App& app, Action& chosen) {
  const auto json = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand(
      "doctor", "Probe whether this machine can build cages");
  command->allow_extras();
  command->add_flag("--json", *json, "Everything, as JSON");
  command->footer(
      "Tries each step in a child of its own and changes nothing. Exit code 3 "
      "when no\ncage can be built; the remedy that applies is printed.\n\n"
      "Examples:\n"
      "  driftcage doctor\n"
      "  driftcage doctor --json | jq .rung");
  command->callback(
      [json, &chosen] { chosen = [json] { return doctor(*json); }; });
}

}  // namespace driftcage::runner
