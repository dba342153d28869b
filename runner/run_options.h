// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "harness/base/result.h"
#include "harness/report/formats.h"
#include "harness/run/suite.h"
#include "runner/selection.h"
#include "runner/terminal.h"

// How to run, the same for `run`, `rerun` and `watch`.
namespace driftcage::runner {

struct RunOptions {
  SelectionOptions selection;
  run::SuiteOptions suite;
  std::string shard;
  std::string shard_by = "slice";
  std::string order = "file";
  std::string seed;
  std::string max_fail;
  std::string timeout;
  std::string deadline;
  std::string max_trace;
  std::vector<std::string> groups;
  std::vector<std::string> reports;
  std::string keep = "never";
  std::string format = "text";
  bool verbose = false;
  bool quiet = false;
  bool require_steady = false;
  bool shell_on_fail = false;
  ColorMode color = ColorMode::Auto;
};

// Those that say what runs and in which order.
void add_schedule_options(CLI::App& command, RunOptions& options);
// These and all others.
void add_run_options(CLI::App& command, RunOptions& options);

// --report and XML_OUTPUT_FILE, which Bazel sets.
[[nodiscard]] base::Result<std::vector<report::ReportRequest>> report_requests(
    const RunOptions& options);

// Texts of the command line, and the environment's shard, to SuiteOptions.
[[nodiscard]] base::Status resolve(RunOptions& options);

// Called with the folder of a record when its run has ended: may add to it, and
// opens it.
using Complete =
    std::function<base::Result<run::Record>(const std::string& folder)>;

// Runs what the filter `expression` left, shows it, completes the record,
// writes the reports; the exit code.
[[nodiscard]] int execute(const RunOptions& options,
                          const run::ScenarioSet& scenarios,
                          const std::string& expression,
                          const std::vector<report::ReportRequest>& reports,
                          const Complete& complete = {});

// What comes after a run whose exit code is `code`: the reports, and what
// differs between the rounds of one that was not stopped; the code with that.
[[nodiscard]] int finish(const run::Record& record,
                         const std::vector<report::ReportRequest>& reports,
                         const RunOptions& options, int code);

// "--color", "-v" and "-q" to the text report's style.
[[nodiscard]] report::TextStyle style_of(const RunOptions& options);

// CLI11's check of a duration: 90s, 5m, 500ms.
[[nodiscard]] CLI::Validator duration_check();

}  // namespace driftcage::runner
