// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "harness/base/result.h"

namespace driftcage::run {

enum class ShardStrategy : std::uint8_t {
  Slice,  // every n-th
  Hash,   // by id and image: stays when scenarios are added
  Time,   // by the durations of earlier runs, the longest first
};

// "slice", "hash", "time".
[[nodiscard]] std::string_view shard_strategy_name(ShardStrategy strategy);

struct Shard {
  unsigned index = 1;  // from 1
  unsigned total = 1;
  ShardStrategy strategy = ShardStrategy::Slice;
  std::string source;       // "--shard", "CI_NODE_INDEX", …
  std::string status_file;  // to be touched, says the test front end
  [[nodiscard]] std::string text() const {
    return std::to_string(index) + "/" + std::to_string(total);
  }
};

// "2/5".
[[nodiscard]] base::Result<Shard> parse_shard(const std::string& text);

// The variables that test front ends, CI systems and batch systems set, in the
// order of their precedence; `variable` gives a value, empty when unset. None:
// no shard. An error when only one half of a pair is there, or when it makes no
// sense: running everything in each shard would look fine. With
// `automatic`, --shard auto, none is an error, too.
[[nodiscard]] base::Result<std::optional<Shard>> shard_from_environment(
    const std::function<std::string(const char*)>& variable, bool automatic);

}  // namespace driftcage::run
