// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "harness/base/result.h"

namespace driftcage::cage {

// Names in the directory `dir` (which may be an O_PATH descriptor) without "."
// and "..", at most `limit`.
[[nodiscard]] base::Result<std::vector<std::string>> list_directory(
    int dir, std::size_t limit = std::numeric_limits<std::size_t>::max());

// Removes `name` in `dir` with everything below it. Follows no links and
// crosses no mounts.
[[nodiscard]] base::Status remove_tree(int dir, const std::string& name);

}  // namespace driftcage::cage
