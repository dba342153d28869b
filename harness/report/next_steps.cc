// SPDX-License-Identifier: Apache-2.0
#include "harness/report/next_steps.h"

#include <algorithm>

#include "harness/run/record_reader.h"
#include "harness/run/trace_file.h"

namespace driftcage::report {

namespace {

// "RUN/ID[/LEG]" with the shortest name of the run; empty without a record.
std::string handle(const run::ScenarioResult& result, const std::string& leg) {
  std::string run = run::run_name_of(result.record_folder);
  if (run.empty()) return {};
  run += "/" + run::round_id(result.scenario.id, result.round);
  return leg.empty() ? run : run + "/" + leg;
}

// What `run` takes for it: a file that does not lie where its id says, in a
// folder of scenarios, is not found by its id.
std::string name_of(const scenario::Scenario& scenario) {
  const std::string place =
      scenario.id.substr(0, scenario.id.find('[')) + ".toml";
  const std::string& file = scenario.file;
  return file.empty() || file == "scenarios/" + place ||
                 file.ends_with("/scenarios/" + place)
             ? scenario.id
             : file;
}

// Whether a cage could not be made or traced; not, whether what was stored of
// it cannot be read.
bool host_is_to_blame(const run::ScenarioResult& result) {
  return std::any_of(result.legs.begin(), result.legs.end(),
                     [](const match::LegResult& leg) {
                       return leg.end.outcome == wire::Outcome::CageError ||
                              (leg.end.outcome == wire::Outcome::TraceError &&
                               leg.end.error.step != run::kReadTrace);
                     });
}

}  // namespace

std::vector<NextStep> next_steps(const run::ScenarioResult& result) {
  std::vector<NextStep> steps;
  const model::Verdict verdict = result.judgement.verdict;
  if (model::is_good(verdict)) return steps;
  const std::string image =
      result.image == "host" ? "" : " --image " + result.image;
  if (verdict == model::Verdict::Error && host_is_to_blame(result)) {
    steps.push_back({"driftcage doctor", "what this host can do"});
  }
  const std::string leg = handle(result, result.judgement.leg);
  if (!leg.empty() && !result.legs.empty()) {
    steps.push_back(
        {"driftcage shell " + leg, "a shell in the cage of that leg"});
  }
  steps.push_back({"driftcage run " + name_of(result.scenario) + image + " -v",
                   "again, with the events that matched"});
  if (verdict == model::Verdict::Error || result.scenario.file.empty()) {
    return steps;
  }
  const std::string scenario = handle(result, "");
  if (!scenario.empty()) {
    steps.push_back(
        {"driftcage judge " + scenario + " --scenario " + result.scenario.file,
         "after an edit of [expect], without running"});
  } else {
    steps.push_back(
        {"driftcage check " + result.scenario.file, "after an edit"});
  }
  return steps;
}

}  // namespace driftcage::report
