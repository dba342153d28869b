// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace driftcage::match {

// How one step of a leg ended.
struct StepResult {
  int exit = 0;  // as /bin/sh tells it: 128 + n for signal n
  std::string stdout_text;
  std::string stderr_text;
};

// Cuts the two outputs of a leg at the marks of plan::steps_command() and takes
// the marks out. Only steps that came to their end are there.
[[nodiscard]] std::vector<StepResult> take_steps(std::string* out,
                                                 std::string* err);

}  // namespace driftcage::match
