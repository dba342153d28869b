// SPDX-License-Identifier: Apache-2.0
//
// The order of things: prepare the images; then keep `jobs` legs running, the
// legs of one scenario next to each other, scenarios in their order. A scenario
// is planned when its first leg is about to start and forgotten when it was
// reported, so memory does not grow with their number.
#include "harness/run/suite.h"

#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "harness/base/sys.h"
#include "harness/match/line_test.h"
#include "harness/run/ground.h"
#include "harness/run/launcher.h"
#include "harness/run/leg_run.h"
#include "harness/run/record.h"

namespace driftcage::run {
namespace {

// How far ahead of the oldest unfinished scenario others may be started: what
// bounds the results that wait to be reported in order.
constexpr std::size_t kWindow = 256;

std::vector<int> allowed_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<int> cpus;
  if (::sched_getaffinity(0, sizeof(set), &set) != 0) return {0};
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
  }
  return cpus;
}

// A running leg has four pipes, a pidfd and a trace file here; past the limit
// of open files legs would fail that have nothing to do with it.
std::size_t most_jobs() {
  constexpr rlim_t kPerLeg = 8;
  constexpr rlim_t kOthers = 64;
  struct ::rlimit limit {};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1;
  if (limit.rlim_cur <= kOthers + kPerLeg) return 1;
  return (limit.rlim_cur - kOthers) / kPerLeg;
}

std::vector<model::EventLine> all_lines(const scenario::Expect& expect) {
  std::vector<model::EventLine> lines = expect.see;
  lines.insert(lines.end(), expect.never.begin(), expect.never.end());
  lines.insert(lines.end(), expect.keep.begin(), expect.keep.end());
  return lines;
}

std::set<std::string> needed_tools(
    const std::vector<scenario::Scenario>& scenarios) {
  std::set<std::string> tools;
  for (const scenario::Scenario& scenario : scenarios) {
    for (const auto& [name, version] : scenario.needs.tools) tools.insert(name);
  }
  return tools;
}

// Images, other than those that are run on, whose trees are mounted.
std::set<std::string> mounted_images(
    const std::vector<scenario::Scenario>& scenarios) {
  std::set<std::string> images;
  const auto add = [&images](const scenario::Effects& effects) {
    for (const scenario::MountChange& mount : effects.mounts)
      if (!mount.from_image.empty()) images.insert(mount.from_image);
  };
  for (const scenario::Scenario& scenario : scenarios) {
    add(scenario.baseline);
    for (const scenario::Fault& fault : scenario.faults) add(fault.effects);
    for (const scenario::Fix& fix : scenario.fixes) add(fix.effects);
  }
  return images;
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

// Where legs run: one place per job, each on a CPU of its own when pinned.
class Slots {
 public:
  // Pinning pays off when all CPUs have work anyway: across idle CPUs a stop of
  // the tracee costs many times more, but a lone leg would lose its threads.
  Slots(std::size_t jobs, std::size_t legs, std::vector<int> cpus)
      : cpus_(std::move(cpus)),
        pinned_(jobs >= cpus_.size() && legs >= cpus_.size()) {
    for (std::size_t i = 0; i < jobs; ++i) free_.insert(i);
  }
  [[nodiscard]] bool available() const { return !free_.empty(); }
  std::size_t take() {
    const std::size_t slot = *free_.begin();
    free_.erase(free_.begin());
    return slot;
  }
  void give_back(std::size_t slot) { free_.insert(slot); }
  void pin(std::size_t slot, model::TraceSpec& trace) const {
    trace.pin_cpu = pinned_;
    trace.cpu = pinned_ ? cpus_[slot % cpus_.size()] : -1;
  }

 private:
  std::vector<int> cpus_;
  bool pinned_;
  std::set<std::size_t> free_;
};

// A scenario on an image whose legs are not all done.
struct Active {
  std::size_t index = 0;
  ScenarioResult result;
  plan::ScenarioPlan plan;
  std::vector<model::EventLine> lines;
  std::uint64_t started_ns = 0;
  std::size_t next_leg = 0;
  std::size_t legs_left = 0;
  bool cancelled = false;
};

class Suite {
 public:
  Suite(const std::vector<scenario::Scenario>& scenarios,
        const std::vector<plan::Ground>& grounds,
        std::vector<std::string> image_folders, Launcher& launcher,
        RecordWriter& record, SuiteObserver& observer, Slots slots,
        bool verdict_only)
      : scenarios_(scenarios),
        grounds_(grounds),
        image_folders_(std::move(image_folders)),
        launcher_(launcher),
        record_(record),
        observer_(observer),
        slots_(std::move(slots)),
        verdict_only_(verdict_only) {}

  base::Result<SuiteResult> run();

 private:
  [[nodiscard]] std::size_t total() const {
    return scenarios_.size() * grounds_.size();
  }
  void start_what_fits();
  std::shared_ptr<Active> activate(std::size_t index);
  base::Status prepare(Active& active);
  void start_leg(const std::shared_ptr<Active>& active);
  void leg_done(const std::shared_ptr<Active>& active, std::size_t leg,
                match::LegResult result);
  void scenario_done(const std::shared_ptr<Active>& active);
  void report_in_order();
  void stop(int signal);

  const std::vector<scenario::Scenario>& scenarios_;
  const std::vector<plan::Ground>& grounds_;
  const std::vector<std::string> image_folders_;
  Launcher& launcher_;
  RecordWriter& record_;
  SuiteObserver& observer_;
  Slots slots_;
  const bool verdict_only_;

  std::size_t next_ = 0;             // scenario to plan next
  std::size_t reported_ = 0;         // scenarios before it were reported
  std::shared_ptr<Active> current_;  // has legs that were not started
  std::map<std::size_t, std::shared_ptr<Active>> finished_;
  SuiteResult result_;
  base::Status record_status_;
};

base::Result<SuiteResult> Suite::run() {
  const std::uint64_t begin = base::sys::monotonic_ns();
  start_what_fits();
  if (const int signal = launcher_.run([this](int number) { stop(number); });
      signal != 0) {
    result_.signal = signal;
    // What ended before the signal is reported, with gaps between.
    for (const auto& [index, active] : finished_) {
      observer_.finished(active->result);
    }
  }
  result_.run_id = record_.run_id();
  result_.record_folder = record_.folder();
  result_.duration_ns = base::sys::monotonic_ns() - begin;
  DRIFTCAGE_CHECK_OK(std::move(record_status_));
  DRIFTCAGE_CHECK_OK(record_.finish(result_));
  return result_;
}

void Suite::start_what_fits() {
  while (result_.signal == 0 && slots_.available()) {
    if (!current_) {
      if (next_ == total() || next_ - reported_ >= kWindow) return;
      const auto active = activate(next_++);
      if (active->legs_left == 0) {
        scenario_done(active);
        continue;
      }
      current_ = active;
    }
    const auto active = current_;
    if (active->next_leg + 1 == active->plan.legs.size()) current_.reset();
    start_leg(active);
  }
}

std::shared_ptr<Active> Suite::activate(std::size_t index) {
  auto active = std::make_shared<Active>();
  active->index = index;
  active->result.scenario = scenarios_[index / grounds_.size()];
  active->result.image = grounds_[index % grounds_.size()].image.reference;
  active->started_ns = base::sys::monotonic_ns();
  if (auto ready = prepare(*active); !ready) {
    active->result.judgement = error_judgement(ready.error());
    active->legs_left = 0;
  }
  return active;
}

base::Status Suite::prepare(Active& active) {
  const scenario::Scenario& scenario = active.result.scenario;
  const std::size_t image = active.index % grounds_.size();
  active.result.record_folder = DRIFTCAGE_TRY(
      record_.scenario_folder(image_folders_[image], scenario.id));
  DRIFTCAGE_CHECK_OK(base::sys::write_file(
      active.result.record_folder + "/scenario.toml", scenario.source));
  active.plan = DRIFTCAGE_TRY(plan::make_plan(scenario, grounds_[image]));
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

void Suite::start_leg(const std::shared_ptr<Active>& active) {
  const std::size_t leg = active->next_leg++;
  plan::LegPlan& plan = active->plan.legs[leg];
  const std::size_t slot = slots_.take();
  slots_.pin(slot, plan.spec.trace);
  if (verdict_only_) {
    plan.spec.trace.gated = 1u << static_cast<unsigned>(model::Verb::Stat) |
                            1u << static_cast<unsigned>(model::Verb::Readlink);
    plan.spec.trace.names = match::gate_names(active->lines);
  }
  auto run = LegRun::create(
      plan, active->lines, active->plan.variables,
      active->result.record_folder + "/" + leg_folder(plan.name));
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
  launcher_.start(plan.spec, Stdio::Capture,
                  (*run)->observer([this, active, leg, slot](auto result) {
                    slots_.give_back(slot);
                    leg_done(active, leg, std::move(result));
                    start_what_fits();
                  }));
  plan.spec = {};  // sent; file contents can be large
}

void Suite::leg_done(const std::shared_ptr<Active>& active, std::size_t leg,
                     match::LegResult result) {
  const bool ended_itself = result.end.outcome == wire::Outcome::Finished;
  if (result.end.outcome == wire::Outcome::Cancelled ||
      (result_.signal != 0 && !ended_itself)) {
    active->cancelled = true;
  }
  active->result.legs[leg] = std::move(result);
  if (--active->legs_left > 0) return;
  // Legs that a signal ended tell nothing about the scenario.
  if (active->cancelled) return;
  active->result.judgement =
      match::judge(active->result.scenario, active->result.legs);
  scenario_done(active);
}

void Suite::scenario_done(const std::shared_ptr<Active>& active) {
  ScenarioResult& result = active->result;
  result.duration_ns = base::sys::monotonic_ns() - active->started_ns;
  ++result_.verdicts[static_cast<std::size_t>(result.judgement.verdict)];
  if (result.scenario.weak()) ++result_.weak;
  if (auto written = record_.add(result, active->plan.variables); !written) {
    if (record_status_) record_status_ = std::move(written);
    stop(0);
  }
  active->plan = {};
  active->lines.clear();
  finished_.emplace(active->index, active);
  report_in_order();
}

void Suite::report_in_order() {
  while (!finished_.empty() && finished_.begin()->first == reported_) {
    const auto active = finished_.begin()->second;
    finished_.erase(finished_.begin());
    ++reported_;
    observer_.finished(active->result);
  }
}

// No further legs; those that run are ended. Signal 0: the record cannot be
// written any more.
void Suite::stop(int signal) {
  result_.signal = signal;
  next_ = total();
  current_.reset();
  launcher_.cancel_all();
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

std::size_t count_legs(const std::vector<scenario::Scenario>& scenarios) {
  std::size_t legs = 0;
  for (const scenario::Scenario& scenario : scenarios) {
    legs += scenario.fault_leg_only ? 1 : 2 + scenario.fixes.size();
  }
  return legs;
}

}  // namespace

base::Result<SuiteResult> run_suite(
    const std::vector<scenario::Scenario>& scenarios,
    const SuiteOptions& options, SuiteObserver& observer) {
  Launcher launcher(DRIFTCAGE_TRY(find_cell()));
  auto grounds = prepare_grounds(
      launcher,
      {options.images, mounted_images(scenarios), needed_tools(scenarios)},
      options.open, [&](const std::string& what) { observer.preparing(what); });
  if (!grounds && grounds.error().err == EINTR) {
    SuiteResult stopped;
    stopped.signal = base::signal_number(grounds.error().object);
    return stopped;
  }
  if (!grounds) return tl::make_unexpected(std::move(grounds).error());

  std::vector<int> cpus = allowed_cpus();
  const std::size_t jobs = std::min<std::size_t>(
      options.jobs > 0 ? options.jobs : cpus.size(), most_jobs());
  const std::vector<std::string> folders = name_folders(options.images);
  RecordWriter record =
      DRIFTCAGE_TRY(RecordWriter::create(options.record_folder));
  std::vector<RecordedImage> recorded;
  for (std::size_t i = 0; i < grounds->size(); ++i) {
    const plan::Ground& ground = (*grounds)[i];
    recorded.push_back({ground.image.reference, folders[i],
                        ground.image.identity, ground.rung, ground.facts});
  }
  const std::size_t total = scenarios.size() * grounds->size();
  DRIFTCAGE_CHECK_OK(record.begin(recorded, total, jobs));
  observer.started(total, jobs);

  Slots slots(jobs, count_legs(scenarios) * grounds->size(), std::move(cpus));
  return Suite(scenarios, *grounds, folders, launcher, record, observer,
               std::move(slots), options.verdict_only)
      .run();
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
  if (total == 0) return model::kExitNothingSelected;
  // A bad verdict is never hidden behind a note about the host.
  if (bad > count(model::Verdict::Error)) return model::kExitBadVerdict;
  if (bad > 0) return model::kExitHost;
  const bool too_many_skips =
      options.max_skips >= 0 &&
      count(model::Verdict::Skip) > static_cast<std::size_t>(options.max_skips);
  if (too_many_skips || (options.require_strong && weak > 0)) {
    return model::kExitInconclusive;
  }
  return model::kExitGood;
}

}  // namespace driftcage::run
