// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "harness/base/result.h"

namespace driftcage::runner {

// The [files] of a scenario for files and folders of this machine: names as
// seen from a folder that was given, or the base name of a file outside the
// working directory; texts as they are. Names that begin with a dot are left
// out. Fails on what is no text, and on more than a scenario should hold.
[[nodiscard]] base::Result<std::map<std::string, std::string>> files_of(
    const std::vector<std::string>& paths);

}  // namespace driftcage::runner
