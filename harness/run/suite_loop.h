// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/plan/planner.h"
#include "harness/run/capacity.h"
#include "harness/run/launcher.h"
#include "harness/run/record.h"
#include "harness/run/schedule.h"
#include "harness/run/suite.h"

namespace driftcage::run {

// Everything that a suite works with; owned by
// run_suite.
struct SuiteSetting {
  const ScenarioSet& scenarios;
  const std::vector<plan::Ground>& grounds;
  const std::vector<std::string>& image_folders;
  const SuiteOptions& options;
  Launcher& launcher;
  RecordWriter& record;
  SuiteObserver& observer;
};

// A scenario on an image whose legs are not all done.
struct ActiveScenario {
  std::size_t position = 0;  // in the schedule
  Item item;
  ScenarioResult result;
  plan::ScenarioPlan plan;
  std::vector<model::EventLine> lines;
  std::uint64_t started_ns = 0;
  std::size_t next_leg = 0;
  std::size_t legs_left = 0;
  bool cancelled = false;
  std::shared_ptr<ActiveScenario> last_try;  // the one before this, all done
  // After a bad verdict: the cages of `on_fail.collect`.
  std::vector<model::CageSpec> collecting;
  std::size_t collected = 0;
};
using ActivePtr = std::shared_ptr<ActiveScenario>;

// The order of things: keep `jobs` legs running, the legs of one scenario next
// to each other, scenarios in the schedule's order, those that want the machine
// for themselves last. A scenario is planned when its first leg is about to
// start and forgotten when it was reported, so memory does not grow with their
// number.
class SuiteLoop {
 public:
  SuiteLoop(SuiteSetting setting, std::vector<Item> items, Slots slots);

  // Runs all of it; see run_suite.
  base::Result<SuiteResult> run();
  // What each scenario took, for the next run's order.
  [[nodiscard]] const History& durations() const { return durations_; }

 private:
  void start_what_fits();
  void start_legs();
  [[nodiscard]] std::size_t next_allowed();
  [[nodiscard]] bool allowed(const ScenarioHead& scenario) const;
  // `last_try`: what is tried again, or null.
  void activate(std::size_t position, std::shared_ptr<ActiveScenario> last_try);
  base::Status prepare(ActiveScenario& active);
  void start_leg(const ActivePtr& active);
  void leg_done(const ActivePtr& active, std::size_t leg,
                match::LegResult result);
  void collect(const ActivePtr& active);
  void collect_next(const ActivePtr& active);
  void scenario_done(const ActivePtr& active);
  void give_up(const ActivePtr& active);
  void settle(const ActivePtr& active);
  bool write_decided();
  bool retry(const ActivePtr& active);
  void count(const ScenarioResult& result);
  void leave(const ActiveScenario& active);
  void note(base::Status written);
  void report_in_order();
  void show_running(bool asked);
  void start_no_more(const char* why);
  void stop(int signal);

  SuiteSetting at_;
  std::vector<Item> items_;
  Slots slots_;

  std::uint64_t begin_ns_ = 0;
  std::vector<bool> begun_;         // by position
  std::size_t next_ = 0;            // all before it were begun
  std::size_t reported_ = 0;        // all before it were reported
  std::deque<ActivePtr> open_;      // have legs that were not started
  std::vector<ActivePtr> decided_;  // and not written
  std::map<std::size_t, ActivePtr> finished_;  // written, and not reported
  std::map<std::size_t, RunningLeg> running_;  // by slot; for_ns is the start
  std::map<std::string, unsigned> in_group_;
  std::size_t active_ = 0;
  std::size_t bad_ = 0;
  bool gave_up_ = false;    // a scenario or a further try of it
  bool over_ = false;       // nothing further is started
  bool cancelled_ = false;  // and what runs is being ended
  void cancel_all() {
    cancelled_ = true;
    at_.launcher.cancel_all();
  }
  bool exclusive_ = false;
  History durations_;
  SuiteResult result_;
  base::Status record_status_;
};

}  // namespace driftcage::run
