// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "harness/base/result.h"
#include "harness/wire/record.h"

namespace driftcage::wire {

// Gives each record of a stored trace to `take` until that says false or the
// file ends. A trace that is cut ends where its last complete record does: only
// the missing End tells. Fails when the file cannot be read, is no trace, or is
// of another version of driftcage. Needs memory for one piece of the file.
[[nodiscard]] base::Status read_trace(
    const std::string& file, const std::function<bool(const Record&)>& take);

}  // namespace driftcage::wire
