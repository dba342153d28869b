// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "harness/run/suite.h"

namespace driftcage::report {

struct NextStep {
  std::string command;
  std::string why;
};

// What to type after a bad result, the most useful first.
[[nodiscard]] std::vector<NextStep> next_steps(
    const run::ScenarioResult& result);

}  // namespace driftcage::report
