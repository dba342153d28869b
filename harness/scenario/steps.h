// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace driftcage::scenario {

// Between the outputs of two steps, before the exit status and a newline. The
// control character keeps it apart from what programs print.
inline constexpr std::string_view kStepMark = "\036driftcage-step:";

}  // namespace driftcage::scenario
