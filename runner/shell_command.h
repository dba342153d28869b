// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "harness/base/result.h"
#include "harness/model/cage_spec.h"

// Shells in cages: for `shell`, and for `run --on-fail shell`.
namespace driftcage::runner {

// A shell in the cage of a leg, as the record of its run describes it. `leg`
// empty: the one that decided, else the fault leg. The exit code.
[[nodiscard]] int shell_into(const std::string& handle);
// In a healthy cage over an image, for a bare look.
[[nodiscard]] int shell_into_image(const std::string& reference);
// The first bad result of a run that has a leg; nothing where there is no
// terminal.
void shell_into_first_bad(const std::string& record_folder);

}  // namespace driftcage::runner
