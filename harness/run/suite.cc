// SPDX-License-Identifier: Apache-2.0
//
// The order of things: prepare the images; then keep `jobs` legs running, the
// legs of one scenario next to each other, scenarios in the schedule's order,
// those that want the machine for themselves last. A scenario is planned when
// its first leg is about to start and forgotten when it was reported, so memory
// does not grow with their number.
#include "harness/run/suite.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <system_error>
#include <utility>

#include "harness/base/sys.h"
#include "harness/match/expected_failure.h"
#include "harness/match/line_test.h"
#include "harness/run/capacity.h"
#include "harness/run/ground.h"
#include "harness/run/history.h"
#include "harness/run/launcher.h"
#include "harness/run/leg_run.h"
#include "harness/run/output_buffer.h"
#include "harness/run/record.h"

namespace driftcage::run {
namespace {

// How far ahead of the oldest unfinished scenario others may be started: what
// bounds the results that wait to be reported in order.
constexpr std::size_t kWindow = 256;

// In UTC, so that a date means the same on every machine.
std::string today() {
  const std::time_t now = std::time(nullptr);
  struct ::tm utc {};
  ::gmtime_r(&now, &utc);
  std::array<char, 16> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d", &utc);
  return text.data();
}

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

// A scenario on an image whose legs are not all done.
struct Active {
  std::size_t position = 0;  // in the schedule
  Item item;
  ScenarioResult result;
  plan::ScenarioPlan plan;
  std::vector<model::EventLine> lines;
  std::uint64_t started_ns = 0;
  std::size_t next_leg = 0;
  std::size_t legs_left = 0;
  bool cancelled = false;
  // After a bad verdict: the cages of `on_fail.collect`.
  std::vector<model::CageSpec> collecting;
  std::size_t collected = 0;
};
using ActivePtr = std::shared_ptr<Active>;

// Everything that a suite works with; owned by run_suite.
struct Setting {
  const std::vector<scenario::Scenario>& scenarios;
  const std::vector<plan::Ground>& grounds;
  const std::vector<std::string>& image_folders;
  const SuiteOptions& options;
  Launcher& launcher;
  RecordWriter& record;
  SuiteObserver& observer;
};

class Suite {
 public:
  Suite(Setting setting, std::vector<Item> items, Slots slots)
      : at_(setting), items_(std::move(items)), slots_(std::move(slots)) {
    // Last and one by one: nothing else has to be held back for them.
    std::stable_partition(items_.begin(), items_.end(), [&](const Item& item) {
      return !at_.scenarios[item.scenario].exclusive;
    });
    begun_.resize(items_.size());
  }

  base::Result<SuiteResult> run();
  [[nodiscard]] const History& durations() const { return durations_; }

 private:
  void start_what_fits();
  [[nodiscard]] std::size_t next_allowed();
  [[nodiscard]] bool allowed(const scenario::Scenario& scenario) const;
  void activate(std::size_t position, std::vector<Attempt> retried);
  base::Status prepare(Active& active);
  void start_leg(const ActivePtr& active);
  void leg_done(const ActivePtr& active, std::size_t leg,
                match::LegResult result);
  void collect(const ActivePtr& active);
  void collect_next(const ActivePtr& active);
  void scenario_done(const ActivePtr& active);
  bool retry(const ActivePtr& active);
  void count(const ScenarioResult& result);
  void leave(const Active& active);
  void note(base::Status written);
  void report_in_order();
  void show_running(bool asked);
  void start_no_more(const char* why);
  void stop(int signal);

  Setting at_;
  std::vector<Item> items_;
  Slots slots_;

  std::uint64_t begin_ns_ = 0;
  std::vector<bool> begun_;     // by position
  std::size_t next_ = 0;        // all before it were begun
  std::size_t reported_ = 0;    // all before it were reported
  std::deque<ActivePtr> open_;  // have legs that were not started
  std::map<std::size_t, ActivePtr> finished_;
  std::map<std::size_t, RunningLeg> running_;  // by slot; for_ns is the start
  std::map<std::string, unsigned> in_group_;
  std::size_t active_ = 0;
  std::size_t bad_ = 0;
  bool over_ = false;  // nothing further is started
  bool exclusive_ = false;
  History durations_;
  SuiteResult result_;
  base::Status record_status_;
};

base::Result<SuiteResult> Suite::run() {
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
    at_.launcher.cancel_all();
  };
  if (const int signal = at_.launcher.run(hooks); signal != 0) {
    result_.signal = signal;
  }
  // What ended before a stop is reported, with gaps between.
  for (const auto& [position, active] : finished_) {
    at_.observer.finished(active->result);
  }
  result_.run_id = at_.record.run_id();
  result_.record_folder = at_.record.folder();
  result_.duration_ns = base::sys::monotonic_ns() - begin_ns_;
  DRIFTCAGE_CHECK_OK(std::move(record_status_));
  return result_;
}

void Suite::start_what_fits() {
  while (!over_ && slots_.available()) {
    if (open_.empty()) {
      const std::size_t position = next_allowed();
      if (position == items_.size()) return;
      activate(position, {});
      continue;
    }
    const ActivePtr active = open_.front();
    if (active->next_leg + 1 == active->plan.legs.size()) open_.pop_front();
    start_leg(active);
  }
}

// The first scenario that nothing holds back; the number of items for none.
std::size_t Suite::next_allowed() {
  while (next_ < items_.size() && begun_[next_]) ++next_;
  const std::size_t end = std::min(items_.size(), reported_ + kWindow);
  for (std::size_t i = next_; i < end; ++i) {
    if (!begun_[i] && allowed(at_.scenarios[items_[i].scenario])) return i;
  }
  return items_.size();
}

bool Suite::allowed(const scenario::Scenario& scenario) const {
  if (exclusive_ || (scenario.exclusive && active_ > 0)) return false;
  if (scenario.group.empty()) return true;
  const auto limit = at_.options.groups.find(scenario.group);
  const auto now = in_group_.find(scenario.group);
  return now == in_group_.end() ||
         now->second < (limit == at_.options.groups.end() ? 1 : limit->second);
}

void Suite::activate(std::size_t position, std::vector<Attempt> retried) {
  auto active = std::make_shared<Active>();
  active->position = position;
  active->item = items_[position];
  active->result.scenario = at_.scenarios[active->item.scenario];
  active->result.image = at_.grounds[active->item.image].image.reference;
  active->result.round = active->item.round;
  active->result.retried = std::move(retried);
  active->started_ns = base::sys::monotonic_ns();
  active->result.started_ns = active->started_ns - begin_ns_;
  begun_[position] = true;
  const scenario::Scenario& scenario = active->result.scenario;
  ++active_;
  exclusive_ = scenario.exclusive;
  if (!scenario.group.empty()) ++in_group_[scenario.group];
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

base::Status Suite::prepare(Active& active) {
  scenario::Scenario& scenario = active.result.scenario;
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

void Suite::start_leg(const ActivePtr& active) {
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
    plan.spec.trace.gated = 1u << static_cast<unsigned>(model::Verb::Stat) |
                            1u << static_cast<unsigned>(model::Verb::Readlink);
    plan.spec.trace.names = match::gate_names(active->lines);
  }
  auto run =
      LegRun::create(plan, active->lines, active->plan.variables, folder);
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

void Suite::leg_done(const ActivePtr& active, std::size_t leg,
                     match::LegResult result) {
  const bool ended_itself = result.end.outcome == wire::Outcome::Finished;
  if (result.end.outcome == wire::Outcome::Cancelled ||
      (result_.signal != 0 && !ended_itself)) {
    active->cancelled = true;
  }
  active->result.legs[leg] = std::move(result);
  if (--active->legs_left > 0) return;
  // Legs that a signal ended tell nothing about the scenario.
  if (active->cancelled) {
    leave(*active);
    return;
  }
  active->result.judgement =
      match::judge(active->result.scenario, active->result.legs);
  if (active->plan.xfail != nullptr) {
    active->result.judgement = match::expect_failure(
        std::move(active->result.judgement), *active->plan.xfail, today());
  }
  collect(active);
}

// A cage that could not be made cannot be asked either.
void Suite::collect(const ActivePtr& active) {
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

void Suite::collect_next(const ActivePtr& active) {
  if (active->collected == active->collecting.size() || result_.signal != 0) {
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

void Suite::scenario_done(const ActivePtr& active) {
  ScenarioResult& result = active->result;
  result.duration_ns = base::sys::monotonic_ns() - active->started_ns;
  leave(*active);
  if (retry(active)) return;
  if (at_.options.keep == Keep::Fail &&
      model::is_good(result.judgement.verdict)) {
    drop_kept(result);
  }
  count(result);
  note(at_.record.add(result, active->plan.variables));
  active->plan = {};
  active->lines.clear();
  finished_.emplace(active->position, active);
  report_in_order();
  if (at_.options.max_fail > 0 && bad_ >= at_.options.max_fail && !over_) {
    start_no_more("max-fail");
    if (at_.options.max_fail_at_once) at_.launcher.cancel_all();
  }
}

// Whether a bad result is given another try. What it was is kept.
bool Suite::retry(const ActivePtr& active) {
  ScenarioResult& result = active->result;
  if (over_ || model::is_good(result.judgement.verdict)) return false;
  if (result.retried.size() >=
      std::max(at_.options.retries, result.scenario.retries)) {
    return false;
  }
  note(at_.record.add_attempt(result, active->plan.variables));
  std::vector<Attempt> retried = std::move(result.retried);
  retried.push_back({result.judgement.verdict, result.judgement.reason,
                     result.duration_ns, result.record_folder});
  activate(active->position, std::move(retried));
  return true;
}

void Suite::count(const ScenarioResult& result) {
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
void Suite::leave(const Active& active) {
  --active_;
  exclusive_ = false;
  const std::string& group = active.result.scenario.group;
  if (!group.empty()) --in_group_[group];
}

void Suite::note(base::Status written) {
  if (written) return;
  if (record_status_) record_status_ = std::move(written);
  start_no_more("record");
  at_.launcher.cancel_all();
}

void Suite::report_in_order() {
  while (!finished_.empty() && finished_.begin()->first == reported_) {
    const auto active = finished_.begin()->second;
    finished_.erase(finished_.begin());
    ++reported_;
    at_.observer.finished(active->result);
  }
}

void Suite::show_running(bool asked) {
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
void Suite::start_no_more(const char* why) {
  over_ = true;
  if (result_.stopped.empty()) result_.stopped = why;
  // Legs of a scenario that has begun and will not be complete.
  for (const ActivePtr& active : open_) {
    active->cancelled = true;
    active->legs_left -= active->plan.legs.size() - active->next_leg;
    if (active->legs_left == 0) leave(*active);
  }
  open_.clear();
}

void Suite::stop(int signal) {
  result_.signal = signal;
  start_no_more("signal");
  at_.launcher.cancel_all();
}

// A folder name for each image, different ones even for odd references.
std::vector<std::string> name_folders(const std::vector<std::string>& images) {
  std::vector<std::string> folders;
  for (const std::string& reference : images) {
    const std::string wanted = image_folder(reference);
    std::string name = wanted;
    for (int copy = 2;
         std::find(folders.begin(), folders.end(), name) != folders.end();
         ++copy) {
      name = wanted + "~" + std::to_string(copy);
    }
    folders.push_back(std::move(name));
  }
  return folders;
}

std::size_t count_legs(const std::vector<scenario::Scenario>& scenarios,
                       const std::vector<Item>& items) {
  std::size_t legs = 0;
  for (const Item& item : items) {
    const scenario::Scenario& scenario = scenarios[item.scenario];
    legs += scenario.fault_leg_only ? 1 : 2 + scenario.fixes.size();
  }
  return legs;
}

RunHead describe(const std::vector<scenario::Scenario>& scenarios,
                 const std::vector<plan::Ground>& grounds,
                 const std::vector<std::string>& folders,
                 const SuiteOptions& options, const Schedule& schedule,
                 std::size_t jobs) {
  RunHead head;
  for (std::size_t i = 0; i < grounds.size(); ++i) {
    const plan::Ground& ground = grounds[i];
    head.images.push_back({ground.image.reference, folders[i],
                           ground.image.identity, ground.rung, ground.ids,
                           ground.facts});
  }
  head.jobs = jobs;
  head.scenarios = schedule.items.size();
  head.selected = schedule.selected;
  head.selection = schedule.selection;
  head.filter = options.filter;
  head.shard = options.schedule.shard;
  head.order = options.schedule.order;
  head.seed = options.schedule.seed;
  head.repeat = options.schedule.repeat;
  head.retries = options.retries;
  head.verdict_only = options.verdict_only;
  head.command_line = options.command_line;
  for (const Item& item : schedule.items) {
    head.items.push_back({scenarios[item.scenario].id,
                          grounds[item.image].image.reference, item.round});
  }
  return head;
}

}  // namespace

base::Result<SuiteResult> run_suite(
    const std::vector<scenario::Scenario>& scenarios,
    const SuiteOptions& options, SuiteObserver& observer) {
  const std::string past = DRIFTCAGE_TRY(history_file());
  Schedule schedule = make_schedule(scenarios, options.images,
                                    read_history(past), options.schedule);
  Launcher launcher(DRIFTCAGE_TRY(find_cell()));
  auto grounds = prepare_grounds(
      launcher, wanted_of(options.images, scenarios), options.open,
      [&](const std::string& what) { observer.preparing(what); });
  if (!grounds && grounds.error().err == EINTR) {
    SuiteResult stopped;
    stopped.signal = base::signal_number(grounds.error().object);
    stopped.planned = schedule.items.size();
    return stopped;
  }
  if (!grounds) return tl::make_unexpected(std::move(grounds).error());

  Capacity capacity = host_capacity();
  const Jobs jobs = choose_jobs(capacity, options.jobs);
  const std::vector<std::string> folders = name_folders(options.images);
  RecordWriter record =
      DRIFTCAGE_TRY(RecordWriter::create(options.record_folder));
  DRIFTCAGE_CHECK_OK(record.begin(
      describe(scenarios, *grounds, folders, options, schedule, jobs.count)));
  observer.started(schedule.items.size(), jobs.count, jobs.capped_by);

  Slots slots(jobs.count, count_legs(scenarios, schedule.items),
              std::move(capacity.cpus));
  const std::size_t selected = schedule.selected;
  Suite suite(
      {scenarios, *grounds, folders, options, launcher, record, observer},
      std::move(schedule.items), std::move(slots));
  SuiteResult result = DRIFTCAGE_TRY(suite.run());
  result.selected = selected;
  DRIFTCAGE_CHECK_OK(record.finish(result));
  // Only steers later runs: this one is complete without it.
  if (options.remember) {
    static_cast<void>(add_history(past, suite.durations()));
  }
  return result;
}

std::size_t SuiteResult::not_run() const {
  std::size_t ran = 0;
  for (const std::size_t count : verdicts) ran += count;
  return planned > ran ? planned - ran : 0;
}

int SuiteResult::exit_code(const SuiteOptions& options) const {
  if (signal != 0) return 128 + signal;
  std::size_t total = 0;
  std::size_t bad = 0;
  for (std::size_t i = 0; i < std::size(verdicts); ++i) {
    total += verdicts[i];
    if (!model::is_good(static_cast<model::Verdict>(i))) bad += verdicts[i];
  }
  const auto count = [this](model::Verdict verdict) {
    return verdicts[static_cast<std::size_t>(verdict)];
  };
  // A bad verdict is never hidden behind a note about the host.
  if (bad > count(model::Verdict::Error)) return model::kExitBadVerdict;
  if (bad > 0) return model::kExitHost;
  if (not_run() > 0) return model::kExitInconclusive;
  // A shard may be empty; a selection may not.
  if (total == 0) {
    return selected > 0 ? model::kExitGood : model::kExitNothingSelected;
  }
  const bool too_many_skips =
      options.max_skips >= 0 &&
      count(model::Verdict::Skip) > static_cast<std::size_t>(options.max_skips);
  if (too_many_skips || (options.require_strong && weak > 0)) {
    return model::kExitInconclusive;
  }
  return model::kExitGood;
}

}  // namespace driftcage::run
