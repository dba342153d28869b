// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace driftcage::run {

// Keeps the beginning and the end of a stream of any length: errors stand at
// one of the two.
class OutputBuffer {
 public:
  static constexpr std::size_t kHalf = 2u << 20;
  explicit OutputBuffer(std::size_t half = kHalf) : half_(half) {}

  void add(std::string_view bytes);
  [[nodiscard]] bool cut() const { return dropped_ > 0; }
  // Both parts, with a line between them that says how much is missing.
  [[nodiscard]] std::string take();

 private:
  std::size_t half_;
  std::string head_;
  std::string tail_;
  std::uint64_t dropped_ = 0;
};

}  // namespace driftcage::run
