// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace driftcage::report {

enum class Color : std::uint8_t { Red, Green, Yellow, Bold, Dim };

// Wraps text in the terminal's colours (ECMA-48 SGR), or leaves it alone.
class Paint {
 public:
  explicit Paint(bool on) : on_(on) {}
  [[nodiscard]] std::string operator()(Color color,
                                       std::string_view text) const {
    if (!on_) return std::string(text);
    static constexpr const char* kCodes[] = {"31", "32", "33", "1", "2"};
    std::string out = "\x1b[";
    out += kCodes[static_cast<std::size_t>(color)];
    out += 'm';
    out += text;
    out += "\x1b[0m";
    return out;
  }

 private:
  bool on_;
};

}  // namespace driftcage::report
