// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"
#include "harness/base/unique_fd.h"
#include "harness/plan/planner.h"
#include "harness/run/shard.h"
#include "harness/run/suite.h"

namespace driftcage::run {

// What a run record says about one image.
struct RecordedImage {
  std::string reference;
  std::string folder;  // name inside the record
  std::string identity;
  std::string rung;
  std::uint32_t ids = 1;  // that its cages had
  model::Facts facts;
};

// One line of what was to run.
struct PlannedItem {
  std::string id;
  std::string image;
  unsigned round = 0;
};

// What is known of a run before its first leg.
struct RunHead {
  std::vector<RecordedImage> images;
  std::vector<PlannedItem> items;
  std::size_t scenarios = 0;  // items of this shard
  std::size_t selected = 0;   // of all shards
  std::string selection;      // digest of what all shards run
  std::size_t jobs = 0;
  std::string filter;
  std::optional<Shard> shard;
  Order order = Order::File;
  std::uint64_t seed = 0;
  unsigned repeat = 1;
  unsigned retries = 0;
  bool verdict_only = false;  // traces hold no more than their lines need
  std::vector<std::string> command_line;
};
[[nodiscard]] std::string_view order_name(Order order);

// Writes one run record:
//
//   run.json                   the run: images with facts, verdict counts
//   plan.jsonl                 one line for each scenario that is to run
//   results.jsonl              one line for each result, as they come
//   <image>/<scenario id>/     one per scenario and image
//     result.json              verdict, findings, legs, event lines
//     scenario.toml            a copy
//     <leg>/trace.dct          the cell's records, as they came, and a seal
//     <leg>/stdout, stderr     when there was any
//     <leg>/kept/0, 1, …       what the payload left in kept_places(), with
//                              --keep; beside them "modes" ("MODE PLACE/NAME")
//                              of what has another mode in the copy, and "lost"
//                              ("PLACE/NAME", at last "+N" for N more) of what
//                              could not be kept, each with a zero behind it
//
// Leg folders are named control, fault and fix-<id>. The JSON files carry
// "schema", the version of their form.
class RecordWriter {
 public:
  static constexpr int kSchema = 2;
  // How many records the state folder keeps.
  static constexpr std::size_t kKeepRuns = 20;

  // Creates the folder: `folder`, which must be empty or missing, or a new one
  // in the state folder.
  static base::Result<RecordWriter> create(const std::string& folder);

  base::Status begin(const RunHead& head);
  // The folder of a scenario, made here. Ids that appear twice get a suffix.
  base::Result<std::string> scenario_folder(const std::string& image_folder,
                                            const std::string& id);
  base::Status add(const ScenarioResult& result,
                   const std::map<std::string, std::string>& variables);
  // A try that is followed by another one: kept, and no result of the run.
  base::Status add_attempt(const ScenarioResult& result,
                           const std::map<std::string, std::string>& variables);
  base::Status finish(const SuiteResult& result);

  [[nodiscard]] const std::string& run_id() const { return run_id_; }
  [[nodiscard]] const std::string& folder() const { return folder_; }
  // "2027-03-01", in UTC, on which the run began: it stays, whatever becomes of
  // the clock.
  [[nodiscard]] std::string day() const { return started_.substr(0, 10); }

 private:
  base::Status write_run(const SuiteResult* result);

  std::string run_id_;
  std::string folder_;
  std::string runs_;  // the folder around it when it is in the state folder
  std::string started_;
  std::string head_;  // run.json without the outcome
  base::UniqueFd results_;
};

// The directories of a cage that --keep keeps.
[[nodiscard]] const std::vector<std::string>& kept_places();
// "fix-clean" for "fix:clean": a folder name.
[[nodiscard]] std::string leg_folder(const std::string& leg_name);
// A folder name for an image reference.
[[nodiscard]] std::string image_folder(const std::string& reference);

// Deletes the oldest run records in `runs` past `keep`. Touches only folders
// that have a run's name and a run.json, and none that is still being written.
void remove_old_runs(const std::string& runs, std::size_t keep);

}  // namespace driftcage::run
