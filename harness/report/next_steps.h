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

// The name of a result in its run: the id, "go/x~2" for the second round.
[[nodiscard]] std::string handle_id(const run::ScenarioResult& result);

// What to type after a bad result, the most useful first.
[[nodiscard]] std::vector<NextStep> next_steps(
    const run::ScenarioResult& result);

}  // namespace driftcage::report
