// SPDX-License-Identifier: Apache-2.0
#include "harness/run/schedule.h"

#include <algorithm>
#include <numeric>
#include <random>
#include <utility>

#include "harness/image/digest.h"

namespace driftcage::run {
namespace {

// One that never ran counts as the mean of those that did.
class Durations {
 public:
  Durations(const std::vector<ScenarioHead>& scenarios,
            const std::vector<std::string>& images, const History& history)
      : scenarios_(scenarios), images_(images), history_(history) {
    std::uint64_t sum = 0;
    for (const auto& [key, past] : history) sum += past.duration_ns;
    mean_ =
        history.empty() ? 1 : std::max<std::uint64_t>(1, sum / history.size());
  }
  [[nodiscard]] std::string key(const Item& item) const {
    return key_of(scenarios_[item.scenario].id, images_[item.image]);
  }
  [[nodiscard]] Past of(const Item& item) const {
    const auto found = history_.find(key(item));
    return found == history_.end() ? Past{mean_, false} : found->second;
  }

 private:
  const std::vector<ScenarioHead>& scenarios_;
  const std::vector<std::string>& images_;
  const History& history_;
  std::uint64_t mean_ = 1;
};

// FNV-1a: the same on every machine, and spread well by the finisher of
// MurmurHash3.
std::uint64_t hash_of(const std::string& text) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3u;
  }
  hash ^= hash >> 33;
  hash *= 0xff51afd7ed558ccdu;
  return hash ^ (hash >> 33);
}

// Longest first, each to the shard with the least to do (LPT scheduling).
std::vector<unsigned> spread_by_time(const std::vector<Item>& items,
                                     const Durations& durations,
                                     unsigned total) {
  std::vector<std::size_t> order(items.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::vector<std::uint64_t> cost;
  cost.reserve(items.size());
  for (const Item& item : items) cost.push_back(durations.of(item).duration_ns);
  std::stable_sort(order.begin(), order.end(),
                   [&](auto a, auto b) { return cost[a] > cost[b]; });
  std::vector<std::uint64_t> load(total, 0);
  std::vector<unsigned> shard(items.size(), 0);
  for (const std::size_t at : order) {
    const auto least = std::min_element(load.begin(), load.end());
    *least += cost[at];
    shard[at] = static_cast<unsigned>(least - load.begin());
  }
  return shard;
}

std::vector<Item> take_shard(const std::vector<Item>& items,
                             const Durations& durations, const Shard& shard) {
  std::vector<unsigned> by_time;
  if (shard.strategy == ShardStrategy::Time) {
    by_time = spread_by_time(items, durations, shard.total);
  }
  std::vector<Item> mine;
  for (std::size_t i = 0; i < items.size(); ++i) {
    std::uint64_t number = i % shard.total;
    if (shard.strategy == ShardStrategy::Hash) {
      number = hash_of(durations.key(items[i])) % shard.total;
    } else if (shard.strategy == ShardStrategy::Time) {
      number = by_time[i];
    }
    if (number == shard.index - 1) mine.push_back(items[i]);
  }
  return mine;
}

// std::shuffle differs between standard libraries; a seed must not.
void shuffle(std::vector<Item>& items, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  for (std::size_t i = items.size(); i > 1; --i) {
    std::swap(items[i - 1], items[random() % i]);
  }
}

void sort_smart(std::vector<Item>& items, const Durations& durations) {
  std::vector<std::pair<Past, Item>> pairs;
  pairs.reserve(items.size());
  for (const Item& item : items) pairs.emplace_back(durations.of(item), item);
  std::stable_sort(pairs.begin(), pairs.end(),
                   [](const auto& a, const auto& b) {
                     if (a.first.bad != b.first.bad) return a.first.bad;
                     return a.first.duration_ns > b.first.duration_ns;
                   });
  for (std::size_t i = 0; i < items.size(); ++i) items[i] = pairs[i].second;
}

}  // namespace

std::string key_of(const std::string& id, const std::string& image) {
  return id + "\t" + image;
}

Schedule make_schedule(const std::vector<ScenarioHead>& scenarios,
                       const std::vector<std::string>& images,
                       const History& history, const ScheduleOptions& options) {
  const Durations durations(scenarios, images, history);
  std::vector<Item> items;
  for (std::uint32_t round = 0; round < options.repeat; ++round) {
    for (std::uint32_t s = 0; s < scenarios.size(); ++s) {
      for (std::uint32_t i = 0; i < images.size(); ++i) {
        const std::vector<bool>& on_image = scenarios[s].on_image;
        const bool filtered = !on_image.empty() && !on_image[i];
        const bool named =
            options.only == nullptr ||
            options.only->contains({scenarios[s].id, images[i], round});
        if (named && !filtered) items.push_back({s, i, round});
      }
    }
  }
  Schedule schedule;
  schedule.selected = items.size();
  std::vector<std::string> keys;
  keys.reserve(items.size());
  for (const Item& item : items) keys.push_back(durations.key(item));
  std::sort(keys.begin(), keys.end());
  image::Sha256 digest;
  for (const std::string& key : keys) digest.add(key + "\n");
  schedule.selection = digest.finish();

  schedule.items = options.shard ? take_shard(items, durations, *options.shard)
                                 : std::move(items);
  if (options.order == Order::Random) shuffle(schedule.items, options.seed);
  if (options.order == Order::Smart) sort_smart(schedule.items, durations);
  return schedule;
}

}  // namespace driftcage::run
