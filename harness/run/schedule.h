// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "harness/run/scenario_set.h"
#include "harness/run/shard.h"

// What runs, and in which order. Pure.
namespace driftcage::run {

// A scenario on an image, by their positions; `round` counts --repeat from 0.
struct Item {
  std::uint32_t scenario = 0;
  std::uint32_t image = 0;
  std::uint32_t round = 0;
  bool operator==(const Item&) const = default;
};

enum class Order : std::uint8_t {
  File,    // as selected
  Smart,   // what failed last time first, then the slowest first
  Random,  // shuffled by the seed
};

// What is known of earlier runs, by key_of.
struct Past {
  std::uint64_t duration_ns = 0;
  bool bad = false;
};
using History = std::map<std::string, Past>;
[[nodiscard]] std::string key_of(const std::string& id,
                                 const std::string& image);

// Names one item of a run: id, image, round.
using ItemName = std::tuple<std::string, std::string, std::uint32_t>;

struct ScheduleOptions {
  const std::set<ItemName>* only = nullptr;  // null: all
  std::optional<Shard> shard;
  Order order = Order::File;
  std::uint64_t seed = 0;
  unsigned repeat = 1;
};

struct Schedule {
  std::vector<Item> items;   // of this shard
  std::size_t selected = 0;  // of all shards together
  // Digest of everything that all shards together must run: the same in each
  // of them when they were given the same scenarios, images and filter.
  std::string selection;
};

[[nodiscard]] Schedule make_schedule(const std::vector<ScenarioHead>& scenarios,
                                     const std::vector<std::string>& images,
                                     const History& history,
                                     const ScheduleOptions& options);

}  // namespace driftcage::run
