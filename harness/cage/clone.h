// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "harness/base/result.h"

namespace driftcage::cage {

// fork(2) into the new namespaces of `flags` (CLONE_NEW...); 0 in the child,
// in which every signal has its default action.
// Both see the error of clone3(2), or of clone(2) where clone3 is not to be
// had. `pidfd` gets a descriptor of the child, close-on-exec.
[[nodiscard]] base::Result<pid_t> clone_into(std::uint64_t flags, int* pidfd);

}  // namespace driftcage::cage
