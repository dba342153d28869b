// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/plan/variables.h"
#include "harness/scenario/scenario.h"

namespace driftcage::plan {

// The command that runs the steps of a leg one after the other: /bin/sh with a
// script. After each step it writes a mark with its exit status to both
// outputs, see match::take_steps(); it ends with the status of the last one.
[[nodiscard]] base::Result<std::vector<std::string>> steps_command(
    const std::vector<scenario::Step>& steps, scenario::Leg leg,
    Expander& expand);

}  // namespace driftcage::plan
