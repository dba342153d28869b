// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "harness/scenario/effect_option.h"

namespace driftcage::mine {

using Environment = std::map<std::string, std::string>;

// What somebody did in a shell until a command failed, as effects: variables
// that `after` has otherwise than `before`, and the lines of `history` that can
// have changed something, as one `setup`. Lines that only look, that set
// variables, and the command itself are left out; variables that a shell keeps
// for itself are, too. Pure.
[[nodiscard]] std::vector<scenario::GivenEffect> shell_drift(
    const Environment& before, const Environment& after,
    const std::vector<std::string>& history,
    const std::vector<std::string>& command);

// `A=b\0C=d\0`, as env -0 prints and /proc/PID/environ holds it.
[[nodiscard]] Environment environment_of(const std::string& bytes);

}  // namespace driftcage::mine
