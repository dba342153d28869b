// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/scenario/effect_option.h"

namespace driftcage::runner {

// A shell in a healthy cage over the image, with `files` in its working
// directory, until it is left: what was done there, as effects of a fault. The
// shell must be bash, which keeps a history. `scratch` is an empty folder.
[[nodiscard]] base::Result<std::vector<scenario::GivenEffect>> drift_in_shell(
    const std::string& image, const std::map<std::string, std::string>& files,
    const std::vector<std::string>& command, const std::string& scratch);

}  // namespace driftcage::runner
