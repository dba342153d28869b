// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"
#include "harness/run/record.h"
#include "harness/run/suite.h"

namespace driftcage::run {

// The steps of errors about a record: a name that leads to none, and one that
// is there and damaged.
inline constexpr std::string_view kOpenRecord = "open run record";
inline constexpr std::string_view kReadRecord = "read run record";

// A line of results.jsonl.
struct Summary {
  std::string id;
  std::string image;
  unsigned round = 0;
  model::Verdict verdict = model::Verdict::Error;
  std::string reason;
  std::size_t retried = 0;
  bool weak = false;
  std::uint64_t started_ns = 0;
  std::uint64_t duration_ns = 0;
  std::string folder;  // relative to `record`; empty: the result is lost
  std::string record;  // the run record that holds the folder
  [[nodiscard]] bool is_lost() const { return folder.empty(); }
  [[nodiscard]] bool flaky() const {
    return retried > 0 && model::is_good(verdict);
  }
};

// A run record on disk. Only summaries are kept; a result is read when it is
// asked for, so that a report of a long run needs no more memory than one of a
// short run.
class Record {
 public:
  // `folder`: as written by RecordWriter. A record without an end, of a run
  // that was killed or still goes on, is read as far as it goes. Fails on
  // another version, and on what is no record.
  static base::Result<Record> open(const std::string& folder);

  [[nodiscard]] const std::string& folder() const { return folder_; }
  [[nodiscard]] const RunHead& head() const { return head_; }
  // Verdict counts, duration, run id, as in run.json; counted anew from the
  // results when the run has no end.
  [[nodiscard]] const SuiteResult& suite() const { return suite_; }
  [[nodiscard]] const std::string& started() const { return started_; }
  [[nodiscard]] const std::string& kernel() const { return kernel_; }
  [[nodiscard]] const std::string& host() const { return host_; }
  [[nodiscard]] bool complete() const { return complete_; }
  // Somebody writes it; results may come.
  [[nodiscard]] bool is_running() const { return running_; }
  // In the order in which they ended; last those that the run had and that are
  // lost, as errors.
  [[nodiscard]] const std::vector<Summary>& results() const { return results_; }
  // What was planned and has no result.
  [[nodiscard]] std::vector<PlannedItem> missing() const;
  // What could not be read of it: "the last line of results.jsonl is cut".
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }
  [[nodiscard]] const RecordedImage* image(const std::string& reference) const;

  // The whole result: scenario, legs with their event lines, findings, output.
  [[nodiscard]] static base::Result<ScenarioResult> load(
      const Summary& summary);
  // Reads each result once: those that cannot be are errors from here on, and
  // lost. For whoever relies on the numbers of a record that was not just made.
  void check_results();
  // As load(), for whoever shows many: what cannot be read is an error with the
  // reason.
  [[nodiscard]] static ScenarioResult load_or_error(const Summary& summary);
  // For merged and rerun records: takes these results instead.
  void replace_results(std::vector<Summary> results);

 private:
  base::Status read_run();
  base::Status read_lines();
  void take_tries(const std::set<ItemName>& without_line);
  void take_lost(std::size_t count);
  [[nodiscard]] std::string image_folder_of(const std::string& reference) const;
  void recount();

  std::string folder_;
  RunHead head_;
  SuiteResult suite_;
  std::string started_;
  std::string kernel_;
  std::string host_;
  bool complete_ = false;
  bool running_ = false;
  std::vector<Summary> results_;
  std::vector<std::string> notes_;
};

// A record by its name: a folder; a run id in the state folder or the
// beginning of one that no other has; "latest". The error names the nearest.
[[nodiscard]] base::Result<std::string> find_record(const std::string& name);
// How to name the run record that holds `folder`, for find_record: the last
// part of a run id in the state folder, else the record's path; empty when the
// folder lies in no record.
[[nodiscard]] std::string run_name_of(const std::string& folder);

// How people name a result of a run: the id, for a later round of --repeat
// with its number, "go/x~2".
[[nodiscard]] std::string round_id(const std::string& id, unsigned round);
// Run ids of the state folder, oldest first.
[[nodiscard]] std::vector<std::string> known_runs();

}  // namespace driftcage::run
