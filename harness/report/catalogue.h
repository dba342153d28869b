// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/scenario/scenario.h"

// The documentation that the scenarios and their run records hold already, as
// Markdown.
namespace driftcage::report {

// What one run says of one scenario.
struct CaseResult {
  std::string verdict;
  std::string reason;
  std::string folder;  // of the scenario, absolute
};

// One column of the table: a run on an image. Runs of several Gos on the host
// are told apart by the version.
struct CatalogueRun {
  std::string column;  // "Go 1.24.4", "golang-1.24: Go 1.24.4"
  std::map<std::string, CaseResult> cases;  // by id
};
// The runs of a record, one per image.
[[nodiscard]] base::Result<std::vector<CatalogueRun>> read_catalogue_runs(
    const std::string& record_folder);

// Adds a run; one of the same column takes its cases.
void add_run(CatalogueRun run, std::vector<CatalogueRun>* runs);

// All scenarios by area, with their verdicts in each run and why some were
// skipped. `pages` is the folder of the cases' pages, for links; empty: none.
[[nodiscard]] std::string catalogue_text(
    const std::vector<scenario::Scenario>& scenarios,
    const std::vector<CatalogueRun>& runs, const std::string& pages);

// One case: symptom, what happens, what the trace shows with and without the
// fault, what helps and what does not. The trace is that of the first run in
// which it passed.
[[nodiscard]] std::string case_text(const scenario::Scenario& scenario,
                                    const std::vector<CatalogueRun>& runs);

// "go/goenv-off" is go-goenv-off.md.
[[nodiscard]] std::string case_file(const std::string& id);

// Error messages, sorted, with the cases that show them.
[[nodiscard]] std::string symptom_index(
    const std::vector<scenario::Scenario>& scenarios);

}  // namespace driftcage::report
