// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/scenario/shape.h"

namespace driftcage::recipe {

// A recipe file as data, in the terms of the scenario format.
[[nodiscard]] const scenario::Shape& recipe_shape();

}  // namespace driftcage::recipe
