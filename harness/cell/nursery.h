// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "harness/cage/cage.h"

namespace driftcage::cell {

// Serves a runner on `socket` as harness/wire/nursery.h says. Returns in the
// process of each new cell, with descriptors 0 to 4 in place, those of its
// network where there is one and no others, in a process group of its own: that
// network. Returns in the nursery itself when the runner is gone or wants no
// more: nothing.
[[nodiscard]] std::optional<cage::IdleNetwork> serve_nursery(int socket);

}  // namespace driftcage::cell
