// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace driftcage::image {

// How slow work speaks of itself. A step is said once ("unpacking 81
// packages"); a detail replaces the one before ("unpacking, 120 MB") and is for
// terminals only.
enum class Said : std::uint8_t { Step, Detail };
using Progress = std::function<void(Said, const std::string&)>;

}  // namespace driftcage::image
