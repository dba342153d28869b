// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/cage/idmap.h"
#include "harness/model/cage_spec.h"

namespace driftcage::cage {

// Runs `argv` to its end as the spec's user, with no input, and then ends
// whatever it left running. The calling process must be the cage's pid 1. When
// the command fails, the error has the end of its output.
[[nodiscard]] base::Status run_command(
    const model::CageSpec& spec,
    const std::map<std::string, std::string>& environment,
    const std::vector<std::string>& argv, const CageIds& ids);

}  // namespace driftcage::cage
