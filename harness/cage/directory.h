// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/base/unique_fd.h"

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

// openat2(2) with O_PATH, over no link of /proc/PID/fd and the like: those lead
// to what the calling process has open, which is more than the cage. Such a
// link is ELOOP. `resolve` adds RESOLVE_ flags.
[[nodiscard]] base::Result<base::UniqueFd> open_place(
    int dir, const std::string& path, std::uint64_t resolve = 0);

}  // namespace driftcage::cage
