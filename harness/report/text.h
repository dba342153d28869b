// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "harness/report/stream.h"
#include "harness/run/suite.h"

namespace driftcage::report {

struct TextStyle {
  bool color = false;
  unsigned width = 100;  // columns; longer lines of the report are cut
  int verbosity = 0;     // -1 quiet, 0 normal, 1 with matched events
};

// One line for a good result, nothing when quiet; for a bad one what each leg
// did, and for each reason the source line with a caret, the closest events,
// the trace around the nearest (read from the record folder, left out when it
// is not there) and the next command to type. Bounded in length, secrets
// hidden, paths shortened by the event lines' variables. Ends in a newline.
[[nodiscard]] std::string scenario_text(const run::ScenarioResult& result,
                                        const TextStyle& style);

// The closing lines: counts by verdict, time, record folder.
[[nodiscard]] std::string summary_text(const run::SuiteResult& result,
                                       const TextStyle& style);

// Both of them, one after the other.
[[nodiscard]] std::unique_ptr<Stream> text_stream(const TextStyle& style);

}  // namespace driftcage::report
