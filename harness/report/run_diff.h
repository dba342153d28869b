// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/run/record_reader.h"

namespace driftcage::report {

enum class Change : std::uint8_t {
  Worse,   // was good, is bad
  Better,  // was bad, is good
  Other,   // another verdict of the same kind
  Lines,   // the same verdict, but an event line holds elsewhere
  New,
  Gone,
};

struct ResultChange {
  Change change = Change::Other;
  std::string name;  // see case_name
  std::string before;
  std::string after;  // verdicts; "" for none
  std::string reason;
  // "fault: see lookup gcc = none: 1 -> 0"
  std::vector<std::string> lines;
};

// What two runs tell differently about the same scenarios, the worst first.
// Counts of events vary from run to run: a line counts as changed only when it
// holds in one run and not in the other. `across`: results are paired by id
// alone, to compare two images.
[[nodiscard]] base::Result<std::vector<ResultChange>> diff_runs(
    const run::Record& before, const run::Record& after, bool across);

// One line each, with the reason and the lines indented; and a count.
[[nodiscard]] std::string diff_text(const std::vector<ResultChange>& changes,
                                    bool color);
[[nodiscard]] std::string diff_json(const std::vector<ResultChange>& changes);

}  // namespace driftcage::report
