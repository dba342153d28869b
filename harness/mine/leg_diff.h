// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/mine/trace_lines.h"
#include "harness/run/suite.h"

// What the fault changed in one run of a scenario.
namespace driftcage::mine {

struct LineChange {
  enum class Side : std::uint8_t { Control, Fault };
  Side side = Side::Control;  // the only leg that has the line
  std::string line;           // with result and program
  std::uint64_t count = 0;
  // The last line before it that both legs have; "" at the beginning.
  std::string after;
};

// Lines of one leg only, in the control leg's order. What many programs do
// anyway (locales, /proc) is left out unless `all`.
[[nodiscard]] std::vector<LineChange> diff_lines(
    const std::vector<TraceLine>& control, const std::vector<TraceLine>& fault,
    bool all);

struct LegDiff {
  std::string control_end;  // "exit 0"
  std::string fault_end;
  std::vector<std::string> control_said;  // lines of output that only one has
  std::vector<std::string> fault_said;
  std::vector<LineChange> lines;
};

// From the stored traces of a result. Fails when it has no control leg or no
// fault leg.
[[nodiscard]] base::Result<LegDiff> diff_legs(const run::ScenarioResult& result,
                                              bool all);

// Unless `all`, of many lines in a row that one leg alone has only the first
// are shown: where the broken run ends early the healthy one goes on and on.
[[nodiscard]] std::string leg_diff_text(const LegDiff& diff, bool all,
                                        bool color);
[[nodiscard]] std::string leg_diff_json(const LegDiff& diff);

}  // namespace driftcage::mine
