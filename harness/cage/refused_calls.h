// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "harness/base/result.h"

namespace driftcage::cage {

// Makes add_key(2), request_key(2) and keyctl(2) fail with EPERM in the calling
// process and what it starts, in every ABI. Keys belong to a user of the host,
// whatever namespaces he is in: with them a payload of an ordinary user would
// have that user's secrets. Needs no_new_privs.
// Where no filter can be installed, as under some container engines, which
// refuse these calls themselves, it is noted instead.
[[nodiscard]] base::Status refuse_key_calls(std::vector<std::string>& notes);

}  // namespace driftcage::cage
