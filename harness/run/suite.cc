// SPDX-License-Identifier: Apache-2.0
#include "harness/run/suite.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "harness/base/scheduling.h"
#include "harness/base/wait_status.h"
#include "harness/run/capacity.h"
#include "harness/run/ground.h"
#include "harness/run/history.h"
#include "harness/run/launcher.h"
#include "harness/run/record.h"
#include "harness/run/suite_loop.h"

namespace driftcage::run {
namespace {

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

std::size_t count_legs(const ScenarioSet& scenarios,
                       const std::vector<Item>& items) {
  std::size_t legs = 0;
  for (const Item& item : items) legs += scenarios.heads[item.scenario].legs;
  return legs;
}

RunHead describe(const ScenarioSet& scenarios,
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
    head.items.push_back({scenarios.heads[item.scenario].id,
                          grounds[item.image].image.reference, item.round});
  }
  return head;
}

}  // namespace

base::Result<SuiteResult> run_suite(const ScenarioSet& scenarios,
                                    const SuiteOptions& options,
                                    SuiteObserver& observer) {
  const std::string past = DRIFTCAGE_TRY(history_file());
  Schedule schedule = make_schedule(scenarios.heads, options.images,
                                    read_history(past), options.schedule);
  Launcher launcher(DRIFTCAGE_TRY(find_cell()));
  auto grounds = prepare_grounds(
      launcher,
      Wanted{options.images, scenarios.images, scenarios.tools, scenarios.warm},
      options.open, [&](const std::string& what) { observer.preparing(what); });
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

  // A place is idle from the end of one leg until we have heard of it.
  base::wake_soon();
  Slots slots(jobs.count, count_legs(scenarios, schedule.items),
              std::move(capacity.cpus));
  const std::size_t selected = schedule.selected;
  SuiteLoop loop(
      {scenarios, *grounds, folders, options, launcher, record, observer},
      std::move(schedule.items), std::move(slots));
  SuiteResult result = DRIFTCAGE_TRY(loop.run());
  result.selected = selected;
  DRIFTCAGE_CHECK_OK(record.finish(result));
  // Only steers later runs: this one is complete without it.
  if (options.remember) {
    static_cast<void>(add_history(past, loop.durations()));
  }
  return result;
}

std::size_t SuiteResult::not_run() const {
  std::size_t ran = 0;
  for (const std::size_t count : verdicts) ran += count;
  return planned > ran ? planned - ran : 0;
}

std::string SuiteResult::stopped_by() const {
  return signal != 0 ? base::signal_name(signal) : stopped;
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
