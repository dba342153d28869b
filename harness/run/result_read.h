// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "harness/base/result.h"
#include "harness/run/suite.h"

namespace driftcage::run {

// A result as result.json, scenario.toml and the outputs in `folder` have it;
// `record` is the run record's folder. Variables go to all legs. A file that is
// damaged or of another version is an error.
[[nodiscard]] base::Result<ScenarioResult> read_result(
    const std::string& folder, const std::string& record);

}  // namespace driftcage::run
