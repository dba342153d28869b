// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace driftcage::base {

// The parts of `bytes`, each with a NUL byte behind it, as in
// /proc/PID/cmdline and environ (proc(5)). The last one may lack it.
[[nodiscard]] std::vector<std::string> split_zero(std::string_view bytes);

}  // namespace driftcage::base
