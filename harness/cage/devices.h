// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "harness/base/result.h"

namespace driftcage::cage {

// Makes a minimal /dev of the empty directory `at`: null, zero, full, random,
// urandom and tty of the host, links to /proc/self/fd, shm and pts, without the
// names in `drop`. `console`: also console, the terminal that is standard
// input.
[[nodiscard]] base::Status fill_devices(const std::string& at,
                                        const std::vector<std::string>& drop,
                                        bool console);

}  // namespace driftcage::cage
