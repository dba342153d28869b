// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

namespace driftcage::base {

// Variables of this process's environment. Of two entries of one name the first
// counts, as getenv(3) sees it; an entry without '=' is left out.
[[nodiscard]] std::map<std::string, std::string> environment();

}  // namespace driftcage::base
