// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

namespace driftcage::cell {

// Serves a runner on `socket` as harness/wire/nursery.h says. Returns in the
// process of each new cell, with descriptors 0 to 4 in place, kNetworkFd where
// there is one and no others, in a process group of its own: kNetworkFd or -1.
// Returns in the nursery itself when the runner is gone or wants no more:
// nothing.
[[nodiscard]] std::optional<int> serve_nursery(int socket);

}  // namespace driftcage::cell
