// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "harness/base/result.h"
#include "harness/base/unique_fd.h"

namespace driftcage::run {

// $XDG_STATE_HOME/driftcage and $XDG_CACHE_HOME/driftcage, or where the XDG
// base directory specification puts them below $HOME; made when missing. A
// user without a home gets a private folder in /tmp.
[[nodiscard]] base::Result<std::string> state_folder();
[[nodiscard]] base::Result<std::string> cache_folder();

// Waits until nobody else holds `path`; held until the descriptor is closed
// (flock(2)).
[[nodiscard]] base::Result<base::UniqueFd> lock_file(const std::string& path);

}  // namespace driftcage::run
