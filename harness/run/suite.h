// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/image/open.h"
#include "harness/match/judge.h"
#include "harness/model/facts.h"
#include "harness/plan/planner.h"
#include "harness/scenario/scenario.h"

namespace driftcage::run {

// One scenario on one image, judged.
struct ScenarioResult {
  scenario::Scenario scenario;
  std::string image;
  std::vector<match::LegResult> legs;
  match::Judgement judgement;
  std::uint64_t duration_ns = 0;
  std::string record_folder;  // of this scenario, inside the run record
};

struct SuiteOptions {
  std::vector<std::string> images{"host"};
  image::OpenOptions open;    // how they are fetched; progress is the suite's
  unsigned jobs = 0;          // 0: one per CPU
  std::string record_folder;  // empty: a new one in the state folder
  bool require_strong = false;
  int max_skips = -1;  // -1: no limit
  // Stats and readlinks that no event line can be about are let go without
  // their result and are no events: faster, the same verdicts, fewer closest
  // events and smaller traces.
  bool verdict_only = false;
};

// Told about the progress of a suite; all calls on the calling thread.
class SuiteObserver {
 public:
  virtual ~SuiteObserver() = default;
  // Slow preparations: "probing host", "warming the build cache of host".
  virtual void preparing(const std::string& what) = 0;
  virtual void started(std::size_t scenarios, std::size_t jobs) = 0;
  virtual void finished(const ScenarioResult& result) = 0;
};

struct SuiteResult {
  std::string run_id;         // "20261123-184501-7f3a"
  std::string record_folder;  // of the whole run
  std::uint64_t duration_ns = 0;
  int signal = 0;                 // the run was stopped by it
  std::size_t verdicts[16] = {};  // count by model::Verdict
  [[nodiscard]] int exit_code(const SuiteOptions& options) const;
  std::size_t weak = 0;
};

// Plans, runs and judges scenarios on images, several legs at a time, and
// writes the run record. An error means that nothing could run at all.
[[nodiscard]] base::Result<SuiteResult> run_suite(
    const std::vector<scenario::Scenario>& scenarios,
    const SuiteOptions& options, SuiteObserver& observer);

}  // namespace driftcage::run
