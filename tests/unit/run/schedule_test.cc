// SPDX-License-Identifier: Apache-2.0
#include "harness/run/schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace driftcage::run {
namespace {

using testing::ElementsAre;

std::vector<ScenarioHead> named(std::initializer_list<const char*> ids) {
  std::vector<ScenarioHead> list;
  for (const char* id : ids) list.emplace_back().id = id;
  return list;
}

std::vector<ScenarioHead> many(int count) {
  std::vector<ScenarioHead> list;
  for (int i = 0; i < count; ++i) {
    list.emplace_back().id = "s/" + std::to_string(i);
  }
  return list;
}

std::vector<std::string> ids(const std::vector<ScenarioHead>& scenarios,
                             const Schedule& schedule) {
  std::vector<std::string> list;
  for (const Item& item : schedule.items) {
    list.push_back(scenarios[item.scenario].id);
  }
  return list;
}

TEST(Schedule, EachScenarioOnEachImageForEachRound) {
  ScheduleOptions options;
  options.repeat = 2;
  const auto schedule =
      make_schedule(named({"a", "b"}), {"host", "x"}, {}, options);
  EXPECT_THAT(
      schedule.items,
      ElementsAre(Item{0, 0, 0}, Item{0, 1, 0}, Item{1, 0, 0}, Item{1, 1, 0},
                  Item{0, 0, 1}, Item{0, 1, 1}, Item{1, 0, 1}, Item{1, 1, 1}));
  EXPECT_EQ(schedule.selected, 8u);
}

TEST(Schedule, OnlyOnTheImagesThatAreWanted) {
  auto heads = named({"a", "b"});
  heads[1].on_image = {false, true};
  const auto schedule = make_schedule(heads, {"host", "x"}, {}, {});
  EXPECT_THAT(schedule.items,
              ElementsAre(Item{0, 0, 0}, Item{0, 1, 0}, Item{1, 1, 0}));
}

TEST(Schedule, SmartPutsFailedFirstThenSlow) {
  const auto scenarios = named({"fast", "slow", "bad", "new"});
  const History history{{key_of("fast", "host"), {1, false}},
                        {key_of("slow", "host"), {100, false}},
                        {key_of("bad", "host"), {1, true}}};
  ScheduleOptions options;
  options.order = Order::Smart;
  // What never ran counts as the mean of 34.
  EXPECT_THAT(
      ids(scenarios, make_schedule(scenarios, {"host"}, history, options)),
      ElementsAre("bad", "slow", "new", "fast"));
}

TEST(Schedule, ASeedGivesOneOrder) {
  const auto scenarios = many(50);
  ScheduleOptions options;
  options.order = Order::Random;
  options.seed = 7;
  const auto one = make_schedule(scenarios, {"host"}, {}, options);
  EXPECT_EQ(one.items, make_schedule(scenarios, {"host"}, {}, options).items);
  options.seed = 8;
  EXPECT_NE(one.items, make_schedule(scenarios, {"host"}, {}, options).items);
  auto sorted = ids(scenarios, one);
  std::sort(sorted.begin(), sorted.end());
  EXPECT_EQ(std::unique(sorted.begin(), sorted.end()) - sorted.begin(), 50);
}

class Shards : public testing::TestWithParam<ShardStrategy> {};

TEST_P(Shards, TogetherRunEverythingOnce) {
  const auto scenarios = many(101);
  History history;
  for (int i = 0; i < 101; ++i) {
    history[key_of("s/" + std::to_string(i), "host")] = {
        static_cast<std::uint64_t>(i * i), false};
  }
  std::vector<std::string> all;
  std::string selection;
  for (unsigned index = 1; index <= 4; ++index) {
    ScheduleOptions options;
    options.shard = Shard{index, 4, GetParam(), "", ""};
    const auto part = make_schedule(scenarios, {"host"}, history, options);
    EXPECT_EQ(part.selected, 101u);
    if (!selection.empty()) {
      EXPECT_EQ(part.selection, selection);
    }
    selection = part.selection;
    EXPECT_GT(part.items.size(), 5u);
    for (const std::string& id : ids(scenarios, part)) all.push_back(id);
  }
  std::sort(all.begin(), all.end());
  EXPECT_EQ(all.size(), 101u);
  EXPECT_EQ(std::unique(all.begin(), all.end()), all.end());
}

INSTANTIATE_TEST_SUITE_P(Strategies, Shards,
                         testing::Values(ShardStrategy::Slice,
                                         ShardStrategy::Hash,
                                         ShardStrategy::Time),
                         [](const auto& one) {
                           return std::string(shard_strategy_name(one.param));
                         });

TEST(Schedule, HashKeepsWhatWasThere) {
  auto scenarios = many(100);
  ScheduleOptions options;
  options.shard = Shard{2, 3, ShardStrategy::Hash, "", ""};
  const auto before =
      ids(scenarios, make_schedule(scenarios, {"host"}, {}, options));
  scenarios.insert(scenarios.begin(), ScenarioHead{})->id = "first";
  auto after = ids(scenarios, make_schedule(scenarios, {"host"}, {}, options));
  std::erase(after, "first");
  EXPECT_EQ(before, after);
}

TEST(Schedule, TimeEvensTheLoad) {
  const auto scenarios = named({"long", "a", "b", "c"});
  const History history{{key_of("long", "host"), {30, false}},
                        {key_of("a", "host"), {10, false}},
                        {key_of("b", "host"), {10, false}},
                        {key_of("c", "host"), {10, false}}};
  ScheduleOptions options;
  options.shard = Shard{1, 2, ShardStrategy::Time, "", ""};
  EXPECT_THAT(
      ids(scenarios, make_schedule(scenarios, {"host"}, history, options)),
      ElementsAre("long"));
}

TEST(Schedule, OtherSelectionsHaveOtherDigests) {
  const auto one = make_schedule(named({"a", "b"}), {"host"}, {}, {});
  const auto other = make_schedule(named({"a", "c"}), {"host"}, {}, {});
  const auto image = make_schedule(named({"a", "b"}), {"x"}, {}, {});
  EXPECT_NE(one.selection, other.selection);
  EXPECT_NE(one.selection, image.selection);
  EXPECT_EQ(one.selection,
            make_schedule(named({"b", "a"}), {"host"}, {}, {}).selection);
}

TEST(Schedule, OnlyTheNamedOnes) {
  const std::set<ItemName> only{{"b", "x", 0}, {"a", "host", 2}};
  ScheduleOptions options;
  options.only = &only;
  options.repeat = 3;
  EXPECT_THAT(
      make_schedule(named({"a", "b"}), {"host", "x"}, {}, options).items,
      ElementsAre(Item{1, 1, 0}, Item{0, 0, 2}));
}

}  // namespace
}  // namespace driftcage::run
