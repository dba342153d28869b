// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "harness/base/result.h"

namespace driftcage::cage {

// Names in the directory `dir` (which may be an O_PATH descriptor) without "."
// and "..".
[[nodiscard]] base::Result<std::vector<std::string>> list_directory(int dir);

// True when `dir` has no names, or they may not be read.
[[nodiscard]] bool shows_nothing(int dir);

// Writes the rest of the file `from` to `to`, in the kernel (sendfile(2)).
[[nodiscard]] base::Status copy_content(int from, int to,
                                        const std::string& name);

// Removes `name` in `dir` with everything below it. Follows no links and
// crosses no mounts.
[[nodiscard]] base::Status remove_tree(int dir, const std::string& name);

}  // namespace driftcage::cage
