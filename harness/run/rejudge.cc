// SPDX-License-Identifier: Apache-2.0
#include "harness/run/rejudge.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "harness/base/sys.h"
#include "harness/match/line_test.h"
#include "harness/match/matcher.h"
#include "harness/plan/planner.h"
#include "harness/run/ground.h"
#include "harness/run/leg_run.h"
#include "harness/run/record.h"
#include "harness/wire/codec.h"

namespace driftcage::run {
namespace {

// Feeds a trace file to `matcher`. The last record; none when it is cut off.
base::Result<std::optional<wire::End>> read_trace(const std::string& file,
                                                  match::LineMatcher& matcher) {
  const base::UniqueFd fd =
      DRIFTCAGE_TRY(base::sys::open(file, O_RDONLY | O_CLOEXEC));
  std::optional<wire::End> end;
  wire::Decoder decoder;
  std::string buffer(1u << 20, '\0');
  while (true) {
    const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return base::fail("read trace", file, errno);
    if (count == 0) break;
    decoder.feed({buffer.data(), static_cast<std::size_t>(count)});
    while (true) {
      const auto record = DRIFTCAGE_TRY(decoder.next());
      if (!record) break;
      if (const auto* hello = std::get_if<wire::Hello>(&*record);
          hello != nullptr && hello->version != wire::kVersion) {
        return base::fail("read trace", file, 0,
                          "it has version " + std::to_string(hello->version) +
                              ", this driftcage reads " +
                              std::to_string(wire::kVersion));
      }
      if (const auto* last = std::get_if<wire::End>(&*record)) end = *last;
      matcher.add(*record);
    }
  }
  return end;
}

base::Result<match::LegResult> rejudge_leg(const match::LegResult& stored,
                                           const scenario::Scenario& scenario,
                                           const std::string& folder) {
  match::LegResult leg = stored;
  auto matcher = DRIFTCAGE_TRY(
      match::LineMatcher::make(all_lines(scenario.expect), leg.variables));
  const std::string file = folder + "/" + leg_folder(leg.name) + "/trace.dct";
  auto end = read_trace(file, matcher);
  matcher.finish();
  leg.lines = matcher.result();
  const bool was_finished = leg.end.outcome == wire::Outcome::Finished ||
                            leg.end.outcome == wire::Outcome::SpawnFailed;
  if (end && *end) {
    leg.end = **std::move(end);
  } else if (was_finished) {
    leg.end.outcome = wire::Outcome::TraceError;
    leg.end.error = end ? base::Error{"read trace", file, 0, "it is cut off"}
                        : std::move(end).error();
    leg.end.integrity |= model::kTruncated;
  }
  return leg;
}

}  // namespace

base::Result<ScenarioResult> rejudge(const ScenarioResult& stored,
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
  return result;
}

std::string needs_a_run(const Record& record, const std::string& image,
                        const scenario::Scenario& before,
                        const scenario::Scenario& after) {
  const RecordedImage* recorded = record.image(image);
  if (recorded == nullptr) return "the run had no image " + image;
  if (record.head().verdict_only &&
      match::gate_names(all_lines(before.expect)) !=
          match::gate_names(all_lines(after.expect))) {
    return "the run recorded only what its lines needed";
  }
  // Planning is pure: the same ground for both shows what differs.
  plan::Ground ground;
  ground.image.reference = image;
  ground.image.architecture = recorded->facts.architecture;
  ground.facts = recorded->facts;
  ground.rung = recorded->rung;
  ground.ids = recorded->ids;
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
