// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

// Values as TOML text, the way a person writes them.
namespace driftcage::scenario {

// A literal string where no quote or control byte forbids it and a backslash
// or a double quote asks for it, else a basic string.
[[nodiscard]] std::string toml_string(std::string_view text);
// Several lines as a ''' string when that can hold them, else toml_string.
[[nodiscard]] std::string toml_block(std::string_view text);
// A bare key, quoted when it must be.
[[nodiscard]] std::string toml_key(std::string_view name);
// `["a", "b"]`; over several lines when it is wider than a screen.
[[nodiscard]] std::string toml_list(const std::vector<std::string>& texts);

}  // namespace driftcage::scenario
