// SPDX-License-Identifier: Apache-2.0
#include "harness/run/rejudge.h"

#include <optional>
#include <utility>
#include <variant>

#include "harness/match/expected_failure.h"
#include "harness/match/line_test.h"
#include "harness/match/matcher.h"
#include "harness/plan/needs.h"
#include "harness/plan/planner.h"
#include "harness/run/ground.h"
#include "harness/run/leg_run.h"
#include "harness/run/record.h"
#include "harness/run/trace_file.h"

namespace driftcage::run {
namespace {

// Feeds a trace file to `matcher`. The last record; none when it is cut off.
base::Result<std::optional<wire::End>> match_trace(
    const std::string& file, match::LineMatcher& matcher) {
  std::optional<wire::End> end;
  DRIFTCAGE_CHECK_OK(read_trace(file, [&](const wire::Record& record) {
    if (const auto* last = std::get_if<wire::End>(&record)) end = *last;
    matcher.add(record);
    return true;
  }));
  return end;
}

// What the run knew of an image, as far as planning asks.
plan::Ground ground_of(const Record& record, const std::string& image) {
  plan::Ground ground;
  ground.image.reference = image;
  // Its place alone matters: a leg with it is another than one without.
  ground.warm_cache = "warm";
  if (const RecordedImage* recorded = record.image(image)) {
    ground.image.architecture = recorded->facts.architecture;
    ground.facts = recorded->facts;
    ground.rung = recorded->rung;
    ground.ids = recorded->ids;
  }
  return ground;
}

base::Result<match::LegResult> rejudge_leg(const match::LegResult& stored,
                                           const scenario::Scenario& scenario,
                                           const std::string& folder) {
  match::LegResult leg = stored;
  auto matcher = DRIFTCAGE_TRY(
      match::LineMatcher::make(all_lines(scenario.expect), leg.variables));
  const std::string file = folder + "/" + leg_folder(leg.name) + "/trace.dct";
  auto end = match_trace(file, matcher);
  matcher.finish();
  leg.lines = matcher.result();
  if (end && *end) {
    leg.end = **std::move(end);
    return leg;
  }
  const wire::Outcome was = leg.end.outcome;
  const bool was_finished =
      was == wire::Outcome::Finished || was == wire::Outcome::SpawnFailed;
  const bool was_error =
      was == wire::Outcome::CageError || was == wire::Outcome::TraceError;
  // Others may have been stored without an end.
  if (end ? was_finished : !was_error) {
    leg.end.outcome = wire::Outcome::TraceError;
    leg.end.error = end ? base::Error{{}, file, 0, "it is cut off"}
                        : std::move(end).error();
    leg.end.error.step = kReadTrace;
    leg.end.integrity |= model::kTruncated;
  }
  return leg;
}

}  // namespace

base::Result<ScenarioResult> rejudge(const Record& record,
                                     const ScenarioResult& stored,
                                     const scenario::Scenario& scenario) {
  ScenarioResult result = stored;
  if (stored.legs.empty()) return result;
  result.scenario = scenario;
  result.legs.clear();
  for (const match::LegResult& leg : stored.legs) {
    result.legs.push_back(
        DRIFTCAGE_TRY(rejudge_leg(leg, scenario, stored.record_folder)));
  }
  result.judgement = match::judge(scenario, result.legs);
  if (stored.xfail && stored.xfail->waiver) {
    result.scenario.xfails.push_back(*stored.xfail);
  }
  result.xfail.reset();
  const plan::Ground ground = ground_of(record, stored.image);
  if (const scenario::Xfail* known =
          plan::expected_failure(result.scenario, ground)) {
    // As of the day of the run: the answer must not change by waiting.
    result.judgement = match::expect_failure(
        std::move(result.judgement), *known, record.started().substr(0, 10));
    result.xfail = *known;
  }
  return result;
}

std::string needs_a_run(const Record& record, const std::string& image,
                        const scenario::Scenario& before,
                        const scenario::Scenario& after) {
  if (record.image(image) == nullptr) return "the run had no image " + image;
  if (record.head().verdict_only &&
      match::gated_calls(all_lines(before.expect)) !=
          match::gated_calls(all_lines(after.expect))) {
    return "the run recorded only what its lines needed";
  }
  // Planning is pure: the same ground for both shows what differs.
  plan::Ground ground = ground_of(record, image);
  for (const std::string& other : wanted_of({}, {before, after}).others) {
    ground.others.emplace(other, image::Image{});
  }
  const auto old_plan = plan::make_plan(before, ground);
  const auto new_plan = plan::make_plan(after, ground);
  if (!old_plan || !new_plan) return "it cannot be planned";
  if (old_plan->skip != new_plan->skip) return "its needs are others";
  if (old_plan->legs.size() != new_plan->legs.size()) {
    return "it has other legs";
  }
  for (std::size_t i = 0; i < new_plan->legs.size(); ++i) {
    const plan::LegPlan& then = old_plan->legs[i];
    const plan::LegPlan& now = new_plan->legs[i];
    if (then.name != now.name) return "it has other legs";
    const std::uint32_t unrecorded =
        now.spec.trace.verbs & ~then.spec.trace.verbs;
    if (unrecorded != 0) return "it asks for events that were not recorded";
    model::CageSpec same = now.spec;
    same.trace.verbs = then.spec.trace.verbs;
    same.timeout_ms = then.spec.timeout_ms;
    if (!(same == then.spec)) return "leg " + now.name + " is another cage";
  }
  return {};
}

}  // namespace driftcage::run
