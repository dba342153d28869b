// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "harness/run/suite.h"

namespace driftcage::report {

struct TextStyle {
  bool color = false;
  unsigned width = 100;
  int verbosity = 0;  // -1 quiet, 0 normal, 1 with matched events
};

// One line for a good result; for a bad one the source line with a caret, the
// closest events, the trace around them and the next command to type.
[[nodiscard]] std::string scenario_text(const run::ScenarioResult& result,
                                        const TextStyle& style);

// The closing lines: counts by verdict, time, record folder.
[[nodiscard]] std::string summary_text(const run::SuiteResult& result,
                                       const TextStyle& style);

}  // namespace driftcage::report
