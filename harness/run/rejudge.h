// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/base/result.h"
#include "harness/run/record_reader.h"
#include "harness/run/suite.h"

// Deciding again from stored traces, without running anything.
namespace driftcage::run {

// The result `stored` of `record`, judged by `scenario`: its legs' traces are
// read once and matched against the lines that it has now. A trace without an
// end makes its leg an error, as it does in a run. Skips stay skips. Expected
// failures, the scenario's and the waivers of the run, count as they did on the
// day of the run.
[[nodiscard]] base::Result<ScenarioResult> rejudge(
    const Record& record, const ScenarioResult& stored,
    const scenario::Scenario& scenario);

// Empty when the traces of `before` tell all that `after` asks: same cages, and
// no kind of event that was not recorded. Else what is different.
[[nodiscard]] std::string needs_a_run(const Record& record,
                                      const std::string& image,
                                      const scenario::Scenario& before,
                                      const scenario::Scenario& after);

}  // namespace driftcage::run
