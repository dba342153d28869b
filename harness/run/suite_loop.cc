// SPDX-License-Identifier: Apache-2.0
#include "harness/run/suite_loop.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "harness/base/sys.h"
#include "harness/match/expected_failure.h"
#include "harness/match/line_test.h"
#include "harness/run/leg_run.h"
#include "harness/run/output_buffer.h"

namespace driftcage::run {
namespace {

// How far ahead of the oldest unfinished scenario others may be started: what
// bounds the results that wait to be reported in order.
constexpr std::size_t kWindow = 256;

match::Judgement verdict_of(model::Verdict verdict, std::string reason) {
  match::Judgement judgement;
  judgement.verdict = verdict;
  judgement.reason = std::move(reason);
  return judgement;
}

match::Judgement error_judgement(const base::Error& error) {
  return verdict_of(model::Verdict::Error,
                    error.hint.empty() ? error.message()
                                       : error.message() + "; " + error.hint);
}

void drop_kept(const ScenarioResult& result) {
  for (const match::LegResult& leg : result.legs) {
    std::error_code ignored;
    std::filesystem::remove_all(
        result.record_folder + "/" + leg_folder(leg.name) + "/kept", ignored);
  }
}

}  // namespace

SuiteLoop::SuiteLoop(SuiteSetting setting, std::vector<Item> items, Slots slots)
    : at_(setting), items_(std::move(items)), slots_(std::move(slots)) {
  // Last and one by one: nothing else has to be held back for them.
  std::stable_partition(items_.begin(), items_.end(), [&](const Item& item) {
    return !at_.scenarios.heads[item.scenario].exclusive;
  });
  begun_.resize(items_.size());
}

base::Result<SuiteResult> SuiteLoop::run() {
  begin_ns_ = base::sys::monotonic_ns();
  result_.planned = items_.size();
  start_what_fits();
  LoopHooks hooks;
  hooks.on_signal = [this](int number) {
    at_.observer.interrupted(number);
    stop(number);
  };
  hooks.on_query = [this] { show_running(true); };
  hooks.keys = at_.observer.keys();
  hooks.tick = at_.observer.tick();
  hooks.on_tick = [this] { show_running(false); };
  hooks.deadline = at_.options.deadline;
  hooks.on_deadline = [this] {
    start_no_more("deadline");
    cancel_all();
  };
  if (const int signal = at_.launcher.run(hooks); signal != 0) {
    result_.signal = signal;
  }
  write_decided();
  // What ended before a stop is reported, with gaps between.
  for (const auto& [position, active] : finished_) {
    at_.observer.finished(active->result);
  }
  // A limit that was met by the very last one left nothing out.
  if (result_.not_run() == 0 && !gave_up_) result_.stopped.clear();
  result_.run_id = at_.record.run_id();
  result_.record_folder = at_.record.folder();
  result_.duration_ns = base::sys::monotonic_ns() - begin_ns_;
  DRIFTCAGE_CHECK_OK(std::move(record_status_));
  return result_;
}

// Writing comes after starting: cells run meanwhile. What was written may let
// more be started.
void SuiteLoop::start_what_fits() {
  do {
    start_legs();
  } while (write_decided());
}

void SuiteLoop::start_legs() {
  while (!over_ && slots_.available()) {
    if (open_.empty()) {
      const std::size_t position = next_allowed();
      if (position == items_.size()) return;
      activate(position, nullptr);
      continue;
    }
    const ActivePtr active = open_.front();
    if (active->next_leg + 1 == active->plan.legs.size()) open_.pop_front();
    start_leg(active);
  }
}

// The first scenario that nothing holds back; the number of items for none.
std::size_t SuiteLoop::next_allowed() {
  while (next_ < items_.size() && begun_[next_]) ++next_;
  const std::size_t end = std::min(items_.size(), reported_ + kWindow);
  for (std::size_t i = next_; i < end; ++i) {
    if (!begun_[i] && allowed(at_.scenarios.heads[items_[i].scenario]))
      return i;
  }
  return items_.size();
}

bool SuiteLoop::allowed(const ScenarioHead& scenario) const {
  if (exclusive_ || (scenario.exclusive && active_ > 0)) return false;
  if (scenario.group.empty()) return true;
  const auto limit = at_.options.groups.find(scenario.group);
  const auto now = in_group_.find(scenario.group);
  return now == in_group_.end() ||
         now->second < (limit == at_.options.groups.end() ? 1 : limit->second);
}

void SuiteLoop::activate(std::size_t position, ActivePtr last_try) {
  auto active = std::make_shared<ActiveScenario>();
  active->position = position;
  active->item = items_[position];
  const ScenarioHead& head = at_.scenarios.heads[active->item.scenario];
  active->result.scenario.id = head.id;
  active->result.image = at_.grounds[active->item.image].image.reference;
  active->result.round = active->item.round;
  if (last_try != nullptr) {
    ScenarioResult& last = last_try->result;
    active->result.retried = last.retried;
    active->result.retried.push_back({last.judgement.verdict,
                                      last.judgement.reason, last.duration_ns,
                                      last.record_folder});
    active->last_try = std::move(last_try);
  }
  active->started_ns = base::sys::monotonic_ns();
  active->result.started_ns = active->started_ns - begin_ns_;
  begun_[position] = true;
  ++active_;
  exclusive_ = head.exclusive;
  if (!head.group.empty()) ++in_group_[head.group];
  if (auto ready = prepare(*active); !ready) {
    active->result.judgement = error_judgement(ready.error());
    active->legs_left = 0;
  }
  if (active->legs_left == 0) {
    scenario_done(active);
  } else {
    open_.push_back(std::move(active));
  }
}

base::Status SuiteLoop::prepare(ActiveScenario& active) {
  scenario::Scenario& scenario = active.result.scenario;
  scenario = DRIFTCAGE_TRY(at_.scenarios.load(active.item.scenario));
  if (at_.options.timeout.count() > 0) {
    scenario.timeout_ms =
        static_cast<std::uint64_t>(at_.options.timeout.count());
  }
  active.result.record_folder = DRIFTCAGE_TRY(at_.record.scenario_folder(
      at_.image_folders[active.item.image], scenario.id));
  DRIFTCAGE_CHECK_OK(base::sys::write_file(
      active.result.record_folder + "/scenario.toml", scenario.source));
  active.plan =
      DRIFTCAGE_TRY(plan::make_plan(scenario, at_.grounds[active.item.image]));
  if (!active.plan.skip.empty()) {
    active.result.judgement =
        verdict_of(model::Verdict::Skip, active.plan.skip);
    return {};
  }
  active.lines = all_lines(scenario.expect);
  active.legs_left = active.plan.legs.size();
  active.result.legs.resize(active.legs_left);
  return {};
}

void SuiteLoop::start_leg(const ActivePtr& active) {
  const std::size_t leg = active->next_leg++;
  plan::LegPlan& plan = active->plan.legs[leg];
  const std::size_t slot = slots_.take();
  slots_.pin(slot, plan.spec.trace);
  const std::string folder =
      active->result.record_folder + "/" + leg_folder(plan.name);
  if (at_.options.keep != Keep::Never) {
    plan.spec.keep_into = folder + "/kept";
    plan.spec.keep = kept_places();
  }
  if (at_.options.verdict_only) {
    match::GatedCalls gated = match::gated_calls(active->lines);
    plan.spec.trace.gated = gated.verbs;
    plan.spec.trace.names = std::move(gated.names);
  }
  auto run = LegRun::create(
      plan, active->lines, active->plan.variables, folder,
      at_.options.max_trace > 0 ? at_.options.max_trace : LegRun::kMaxTrace);
  if (!run) {
    slots_.give_back(slot);
    match::LegResult failed;
    failed.leg = plan.leg;
    failed.name = plan.name;
    failed.lines.resize(active->lines.size());
    failed.end.outcome = wire::Outcome::CageError;
    failed.end.error = std::move(run).error();
    leg_done(active, leg, std::move(failed));
    return;
  }
  running_[slot] = {active->result.scenario.id, active->result.image, plan.name,
                    base::sys::monotonic_ns()};
  at_.launcher.start(plan.spec, Stdio::Capture,
                     (*run)->observer([this, active, leg, slot](auto result) {
                       running_.erase(slot);
                       slots_.give_back(slot);
                       leg_done(active, leg, std::move(result));
                       start_what_fits();
                     }));
  plan.spec = {};  // sent; file contents can be large
}

void SuiteLoop::leg_done(const ActivePtr& active, std::size_t leg,
                         match::LegResult result) {
  const bool ended_itself = result.end.outcome == wire::Outcome::Finished;
  if (result.end.outcome == wire::Outcome::Cancelled ||
      (result_.signal != 0 && !ended_itself)) {
    active->cancelled = true;
  }
  active->result.legs[leg] = std::move(result);
  if (--active->legs_left > 0) return;
  if (active->cancelled) {
    give_up(active);
    return;
  }
  active->result.judgement =
      match::judge(active->result.scenario, active->result.legs);
  if (active->plan.xfail != nullptr) {
    active->result.xfail = *active->plan.xfail;
    active->result.judgement =
        match::expect_failure(std::move(active->result.judgement),
                              *active->plan.xfail, at_.record.day());
  }
  collect(active);
}

// A cage that could not be made cannot be asked either.
void SuiteLoop::collect(const ActivePtr& active) {
  const match::Judgement& judgement = active->result.judgement;
  const bool ask = !model::is_good(judgement.verdict) &&
                   judgement.verdict != model::Verdict::Error &&
                   result_.signal == 0;
  if (ask) {
    auto specs =
        plan::plan_collect(active->result.scenario,
                           at_.grounds[active->item.image], judgement.leg);
    if (specs) active->collecting = *std::move(specs);
  }
  collect_next(active);
}

void SuiteLoop::collect_next(const ActivePtr& active) {
  if (active->collected == active->collecting.size() || cancelled_) {
    active->collecting.clear();
    scenario_done(active);
    return;
  }
  model::CageSpec spec = std::move(active->collecting[active->collected++]);
  const std::string file = active->result.record_folder + "/" +
                           leg_folder(active->result.judgement.leg) +
                           "/collect-" + std::to_string(active->collected) +
                           ".txt";
  const auto text = std::make_shared<OutputBuffer>();
  const std::size_t slot = slots_.take();
  CellObserver observer;
  observer.out = [text](std::string_view bytes) { text->add(bytes); };
  observer.err = observer.out;
  observer.done = [this, active, text, file, slot](auto) {
    slots_.give_back(slot);
    note(base::sys::write_file(file, text->take()));
    collect_next(active);
    start_what_fits();
  };
  at_.launcher.start(spec, Stdio::Capture, std::move(observer));
}

void SuiteLoop::scenario_done(const ActivePtr& active) {
  ScenarioResult& result = active->result;
  result.duration_ns = base::sys::monotonic_ns() - active->started_ns;
  leave(*active);
  if (retry(active)) return;
  settle(active);
  if (at_.options.max_fail > 0 && bad_ >= at_.options.max_fail && !over_) {
    start_no_more("max-fail");
    if (at_.options.max_fail_at_once) cancel_all();
  }
}

// Legs that were cancelled tell nothing about the scenario; what it was tried
// before stands.
void SuiteLoop::give_up(const ActivePtr& active) {
  leave(*active);
  gave_up_ = true;
  if (active->last_try != nullptr) settle(active->last_try);
}

void SuiteLoop::settle(const ActivePtr& active) {
  active->last_try.reset();
  count(active->result);
  at_.observer.decided(active->result.judgement.verdict);
  decided_.push_back(active);
}

// False when there was nothing to write.
bool SuiteLoop::write_decided() {
  const std::vector<ActivePtr> decided = std::exchange(decided_, {});
  for (const ActivePtr& active : decided) {
    const ScenarioResult& result = active->result;
    if (at_.options.keep == Keep::Fail &&
        model::is_good(result.judgement.verdict)) {
      drop_kept(result);
    }
    note(at_.record.add(result, active->plan.variables));
    active->plan = {};
    active->lines.clear();
    finished_.emplace(active->position, active);
  }
  report_in_order();
  return !decided.empty();
}

// Whether a bad result is given another try. What it was is kept.
bool SuiteLoop::retry(const ActivePtr& active) {
  ScenarioResult& result = active->result;
  if (over_ || model::is_good(result.judgement.verdict)) return false;
  if (result.retried.size() >=
      std::max(at_.options.retries, result.scenario.retries)) {
    return false;
  }
  active->last_try.reset();
  note(at_.record.add_attempt(result, active->plan.variables));
  if (over_) return false;
  activate(active->position, active);
  return true;
}

void SuiteLoop::count(const ScenarioResult& result) {
  const model::Verdict verdict = result.judgement.verdict;
  ++result_.verdicts[static_cast<std::size_t>(verdict)];
  if (result.scenario.weak()) ++result_.weak;
  if (result.flaky()) ++result_.flaky;
  const bool bad = !model::is_good(verdict);
  if (bad) ++bad_;
  if (verdict != model::Verdict::Skip) {
    durations_[key_of(result.scenario.id, result.image)] = {result.duration_ns,
                                                            bad};
  }
}

// It no longer holds anything back.
void SuiteLoop::leave(const ActiveScenario& active) {
  --active_;
  exclusive_ = false;
  const std::string& group = at_.scenarios.heads[active.item.scenario].group;
  if (!group.empty()) --in_group_[group];
}

void SuiteLoop::note(base::Status written) {
  if (written) return;
  if (record_status_) record_status_ = std::move(written);
  start_no_more("record");
  cancel_all();
}

void SuiteLoop::report_in_order() {
  while (!finished_.empty() && finished_.begin()->first == reported_) {
    const auto active = finished_.begin()->second;
    finished_.erase(finished_.begin());
    ++reported_;
    at_.observer.finished(active->result);
  }
}

void SuiteLoop::show_running(bool asked) {
  std::vector<RunningLeg> legs;
  const std::uint64_t now = base::sys::monotonic_ns();
  for (const auto& [slot, leg] : running_) {
    legs.push_back(leg);
    legs.back().for_ns = now - leg.for_ns;
  }
  std::sort(legs.begin(), legs.end(),
            [](const auto& a, const auto& b) { return a.for_ns > b.for_ns; });
  at_.observer.running(legs, asked);
}

// Scenarios that run are brought to their end, unless somebody cancels them.
void SuiteLoop::start_no_more(const char* why) {
  over_ = true;
  if (result_.stopped.empty()) result_.stopped = why;
  // Legs of a scenario that has begun and will not be complete.
  for (const ActivePtr& active : open_) {
    active->cancelled = true;
    active->legs_left -= active->plan.legs.size() - active->next_leg;
    if (active->legs_left == 0) give_up(active);
  }
  open_.clear();
}

void SuiteLoop::stop(int signal) {
  result_.signal = signal;
  start_no_more("signal");
  cancel_all();
}

}  // namespace driftcage::run
