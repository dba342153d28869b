// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace driftcage::base {

// Replaces the dynamic string token `name` in a list of directories, see
// ld.so(8): "$ORIGIN" where no letter, digit or '_' follows, and "${ORIGIN}".
// What follows once `text` would be longer than `limit` is cut off. Returns
// whether there was one.
bool replace_dynamic_token(std::string& text, std::string_view name,
                           std::string_view value, std::size_t limit);

}  // namespace driftcage::base
