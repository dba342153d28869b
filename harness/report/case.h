// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "harness/run/record_reader.h"
#include "harness/run/suite.h"

// What all formats of test reports say about one result, in one spelling.
namespace driftcage::report {

// "go" of "go/x"; "." for an id without a folder.
[[nodiscard]] std::string folder_of(std::string_view id);
// The id, with the image unless it is the host, and the round of --repeat:
// "go/x on debian/trixie #2". No two results of a run have the same.
[[nodiscard]] std::string case_name(const std::string& id,
                                    const std::string& image, unsigned round);
[[nodiscard]] std::string case_name(const run::ScenarioResult& result);

// How formats that know four outcomes see a verdict. Unresolved and error tell
// about the harness or the host, not about what was tested.
enum class CaseKind { Passed, Failed, Broken, Skipped };
[[nodiscard]] CaseKind kind_of(model::Verdict verdict);

// "no-repro: the fault does not show its signature": what one line can say.
[[nodiscard]] std::string headline(const run::ScenarioResult& result);
// Where in the scenario's file the first finding is; line 0: nowhere.
[[nodiscard]] model::SourceRange place_of(const run::ScenarioResult& result);
// The text report without colours, at most `limit` bytes.
[[nodiscard]] std::string full_text(const run::ScenarioResult& result,
                                    std::size_t limit);
// How each leg ended, one line each: "control  0.92s  exit 0".
[[nodiscard]] std::string legs_text(const run::ScenarioResult& result);

// The name of a test case that stands for the run itself.
inline constexpr const char* kWholeRun = "everything was run";
// "stopped by deadline": why some were not run, if any was not.
[[nodiscard]] std::string why_not_run(const run::SuiteResult& result);
// "3 not run: stopped by deadline"; empty when all was run.
[[nodiscard]] std::string not_run_text(const run::SuiteResult& result);

// Worst first, for reports that show only some.
[[nodiscard]] int severity(model::Verdict verdict);

}  // namespace driftcage::report
