// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"

namespace driftcage::wire {

// What somebody inside a cage says to the runner outside, over a unix(7)
// socket: a word with its arguments, and how the caller's process is placed.
// The answer is text, then one byte, the caller's exit status.
struct Call {
  std::vector<std::string> words;
  std::vector<std::string> environment;  // "K=V", as environ(7)
  std::string directory;
  std::uint32_t umask = 022;
  bool operator==(const Call&) const = default;
};

inline constexpr std::size_t kMaxCall = 4u << 20;

[[nodiscard]] std::string encode_call(const Call& call);
// Calls come from inside a cage: nothing about their bytes is trusted.
[[nodiscard]] base::Result<Call> decode_call(std::string_view bytes);

}  // namespace driftcage::wire
