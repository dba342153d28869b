// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace driftcage::scenario {

struct DeepKey {
  std::uint32_t line = 1;
  std::uint32_t column = 1;
};

// The first key with more than 16 dotted parts. The TOML library makes one
// nested table of each part and destroys them recursively: a line of a million
// dots would overflow the stack.
[[nodiscard]] std::optional<DeepKey> find_deep_key(std::string_view source);

}  // namespace driftcage::scenario
