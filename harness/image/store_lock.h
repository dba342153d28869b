// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "harness/base/result.h"
#include "harness/base/unique_fd.h"

namespace driftcage::image {

enum class LockKind : unsigned char { Shared, Exclusive };

// Locks the file `path` (flock(2)), which is made when missing; held until the
// descriptor is closed. Without `wait` the result is null when somebody else
// holds it. The file may be removed by whoever has it exclusively: who waited
// for the old one then takes the new one. EINTR when a signal was noted
// (InterruptGuard) while it waited.
[[nodiscard]] base::Result<std::shared_ptr<base::UniqueFd>> lock_path(
    const std::string& path, LockKind kind, bool wait);

}  // namespace driftcage::image
