// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "harness/base/result.h"

// What the runner knows of itself as a process.
namespace driftcage::runner {

// Value of a variable; empty when it is unset.
[[nodiscard]] std::string variable(const char* name);
// /proc/self/cmdline.
[[nodiscard]] std::vector<std::string> own_command_line();
// The running program, links resolved (/proc/self/exe).
[[nodiscard]] base::Result<std::string> executable_path();
// Puts something that can be neither read nor written in place of standard
// streams that the caller closed: a file that is opened would get their number,
// and what is printed would go there. False when that is not possible.
[[nodiscard]] bool fill_standard_streams();
// getcwd(3).
[[nodiscard]] base::Result<std::string> working_directory();

}  // namespace driftcage::runner
