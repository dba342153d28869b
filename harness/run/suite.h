// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/image/open.h"
#include "harness/match/judge.h"
#include "harness/model/facts.h"
#include "harness/plan/planner.h"
#include "harness/run/scenario_set.h"
#include "harness/run/schedule.h"
#include "harness/scenario/scenario.h"

namespace driftcage::run {

// A try of a scenario that was followed by another one.
struct Attempt {
  model::Verdict verdict = model::Verdict::Pass;
  std::string reason;
  std::uint64_t duration_ns = 0;
  std::string record_folder;
};

// One scenario on one image, judged.
struct ScenarioResult {
  scenario::Scenario scenario;
  std::string image;
  std::vector<match::LegResult> legs;
  match::Judgement judgement;
  std::optional<scenario::Xfail> xfail;  // that applied
  std::uint64_t started_ns = 0;          // since the start of the run
  std::uint64_t duration_ns = 0;
  std::string record_folder;     // of this scenario, inside the run record
  unsigned round = 0;            // of --repeat, from 0
  std::vector<Attempt> retried;  // the tries before this one, all bad
  // Of a record: why `scenario` has its names and claims nothing; else empty.
  std::string unread;
  // Bad at first and then good: its verdict alone does not tell.
  [[nodiscard]] bool flaky() const {
    return !retried.empty() && model::is_good(judgement.verdict);
  }
};

// Whose cages' files are kept in the record, for `shell`.
enum class Keep : std::uint8_t { Never, Fail, All };

struct SuiteOptions {
  std::vector<std::string> images{"host"};
  image::OpenOptions open;    // how they are fetched; progress is the suite's
  unsigned jobs = 0;          // 0: as many as the machine carries
  std::string record_folder;  // empty: a new one in the state folder
  bool require_strong = false;
  int max_skips = -1;  // -1: no limit
  // Stats and readlinks that no event line can be about are let go without
  // their result and are no events: faster, the same verdicts, fewer closest
  // events and smaller traces.
  bool verdict_only = false;
  ScheduleOptions schedule;
  std::string filter;  // the expression, for the record
  unsigned retries = 0;
  std::size_t max_fail = 0;  // no further scenario after that many; 0: go on
  bool max_fail_at_once = false;          // end those that run, too
  std::chrono::milliseconds timeout{0};   // of each leg instead of its own
  std::chrono::milliseconds deadline{0};  // of the whole run; 0: none
  std::uint64_t max_trace = 0;  // bytes stored of each leg; 0: LegRun's
  Keep keep = Keep::Never;
  // How many scenarios of a group run at a time; 1 for those not named here.
  std::map<std::string, unsigned> groups;
  std::vector<std::string> command_line;  // for the record
  bool remember = true;  // durations and failures, for the order of later runs
};

// A leg that runs now.
struct RunningLeg {
  std::string id;
  std::string image;
  std::string leg;
  std::uint64_t for_ns = 0;
};

// Told about the progress of a suite; all calls on the calling thread.
class SuiteObserver {
 public:
  virtual ~SuiteObserver() = default;
  // Slow preparations: "probing host", "warming the build cache of host".
  virtual void preparing(const std::string& what) = 0;
  // `capped_by`: what keeps the jobs below the number of CPUs, or "".
  virtual void started(std::size_t scenarios, std::size_t jobs,
                       const std::string& capped_by) = 0;
  // In the order of the run, whatever ends first.
  virtual void finished(const ScenarioResult& result) = 0;
  // As soon as it is decided; `finished` may have to wait for others.
  virtual void decided(model::Verdict /*verdict*/) {}
  // What runs now, longest first: every `tick`, and when somebody asks.
  virtual void running(const std::vector<RunningLeg>& /*legs*/,
                       bool /*asked*/) {}
  // The first signal has come; what runs is being ended.
  virtual void interrupted(int /*signal*/) {}
  // 0: `running` comes only when somebody asks.
  [[nodiscard]] virtual std::chrono::milliseconds tick() const {
    return std::chrono::milliseconds(0);
  }
  // A terminal on which any key asks, or -1.
  [[nodiscard]] virtual int keys() const { return -1; }
};

struct SuiteResult {
  std::string run_id;         // "20261123-184501-7f3a"
  std::string record_folder;  // of the whole run
  std::uint64_t duration_ns = 0;
  int signal = 0;       // the run was stopped by it
  std::string stopped;  // "max-fail", "deadline" or empty: nothing was left out
  std::size_t verdicts[16] = {};  // count by model::Verdict
  std::size_t weak = 0;
  std::size_t flaky = 0;
  std::size_t selected = 0;  // in all shards
  std::size_t planned = 0;   // in this one
  [[nodiscard]] std::size_t not_run() const;
  // "SIGINT", or `stopped`.
  [[nodiscard]] std::string stopped_by() const;
  [[nodiscard]] int exit_code(const SuiteOptions& options) const;
};

// Plans, runs and judges scenarios on images, several legs at a time, and
// writes the run record. An error means that nothing could run at all.
[[nodiscard]] base::Result<SuiteResult> run_suite(const ScenarioSet& scenarios,
                                                  const SuiteOptions& options,
                                                  SuiteObserver& observer);

}  // namespace driftcage::run
