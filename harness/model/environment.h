// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace driftcage::model {

// The strings of an environment as execve(2) passes them: usually "K=V", but
// any bytes, and a name may come twice.
using Environment = std::vector<std::string>;

// What turns `before` into `after`: "K=V" for new and changed names in the
// order of `after`, then "K" for removed ones in the order of `before`. Of a
// name that comes twice the first counts, as for getenv(3).
[[nodiscard]] Environment environment_change(const Environment& before,
                                             const Environment& after);

}  // namespace driftcage::model
