// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace driftcage::scenario {

struct EarlyMistake {
  std::uint32_t line = 1;
  std::uint32_t column = 1;
  std::uint32_t length = 1;
  std::string message;
};

// What must be refused before the TOML library sees it:
// - a key with more than 16 dotted parts: the library makes a nested table of
//   each and destroys them recursively, so a million dots overflow the stack;
// - a byte beyond ASCII outside of texts and comments: TOML 1.0 has none
//   there, the library takes some of them for white space.
[[nodiscard]] std::optional<EarlyMistake> find_early_mistake(
    std::string_view source);

}  // namespace driftcage::scenario
