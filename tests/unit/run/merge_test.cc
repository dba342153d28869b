// SPDX-License-Identifier: Apache-2.0
#include "harness/run/merge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/run/record_maker.h"

namespace driftcage::run {
namespace {

namespace fs = std::filesystem;
using model::Verdict;
using testing::HasSubstr;

class MergeTest : public WithFolder {
 protected:
  static RunHead shard(unsigned index, std::size_t selected = 3,
                       const std::string& selection = "sha256:all") {
    RunHead head;
    head.shard = Shard{index, 2, ShardStrategy::Slice, "--shard", ""};
    head.selected = selected;
    head.selection = selection;
    return head;
  }
  std::string merged() const { return (dir_ / "merged").string(); }
};

TEST_F(MergeTest, TheUnionIsTheWholeRun) {
  const auto one = make("1", {{"go/a"}, {"go/c", Verdict::Fail}}, shard(1));
  const auto two = make("2", {{"go/b"}}, shard(2));
  const auto all = merge_shards({one, two}, merged(), false);
  ASSERT_TRUE(all) << all.error().hint;
  EXPECT_EQ(all->results().size(), 3u);
  EXPECT_EQ(all->suite().exit_code({}), 1);
  EXPECT_EQ(all->suite().not_run(), 0u);
  EXPECT_FALSE(all->head().shard);
  for (const Summary& summary : all->results()) {
    const auto result = Record::load(summary);
    ASSERT_TRUE(result) << result.error().message();
    EXPECT_EQ(result->legs.size(), 3u);
    EXPECT_TRUE(fs::exists(result->record_folder + "/fault/trace.dct"));
  }
}

TEST_F(MergeTest, AMissingShardIsNamed) {
  const auto one = make("1", {{"go/a"}}, shard(1));
  const auto all = merge_shards({one}, merged(), false);
  ASSERT_FALSE(all);
  EXPECT_THAT(all.error().hint, HasSubstr("missing: shard 2/2"));
  EXPECT_FALSE(fs::exists(merged()));
  const auto partial = merge_shards({one}, merged(), true);
  ASSERT_TRUE(partial);
  EXPECT_EQ(partial->suite().not_run(), 2u);
  EXPECT_EQ(partial->suite().exit_code({}), 5);
}

TEST_F(MergeTest, AScenarioThatTwoShardsRanIsNamed) {
  const auto one = make("1", {{"go/a"}, {"go/b"}}, shard(1));
  const auto two = make("2", {{"go/b"}}, shard(2));
  const auto all = merge_shards({one, two}, merged(), false);
  ASSERT_FALSE(all);
  EXPECT_THAT(all.error().hint, HasSubstr("more than one shard ran go/b"));
  EXPECT_THAT(all.error().hint, HasSubstr("1 of 3 selected are in no shard"));
}

TEST_F(MergeTest, OtherSelectionsDoNotFit) {
  const auto one = make("1", {{"go/a"}}, shard(1));
  const auto two = make("2", {{"go/b"}}, shard(2, 3, "sha256:other"));
  const auto all = merge_shards({one, two}, merged(), true);
  ASSERT_FALSE(all);
  EXPECT_THAT(all.error().hint, HasSubstr("another selection"));
}

TEST_F(MergeTest, AShardThatWasStoppedIsNotComplete) {
  RunHead head = shard(2);
  head.items = {{"go/b", "host", 0}, {"go/c", "host", 0}};
  const auto one = make("1", {{"go/a"}}, shard(1));
  const auto two = make("2", {{"go/b"}}, head);
  const auto all = merge_shards({one, two}, merged(), false);
  ASSERT_FALSE(all);
  EXPECT_THAT(all.error().hint, HasSubstr("not run: go/c"));
}

TEST_F(MergeTest, TheSameShardTwiceIsRefused) {
  const auto one = make("1", {{"go/a"}}, shard(1));
  const auto two = make("2", {{"go/b"}}, shard(1));
  const auto all = merge_shards({one, two}, merged(), true);
  ASSERT_FALSE(all);
  EXPECT_THAT(all.error().hint, HasSubstr("shard 1/2 is there twice"));
}

TEST_F(MergeTest, ShardsByTimeThatDoNotFitSayWhy) {
  const auto by_time = [](unsigned index) {
    RunHead head = shard(index);
    head.shard->strategy = ShardStrategy::Time;
    return head;
  };
  const auto one = make("1", {{"go/a"}}, by_time(1));
  const auto two = make("2", {{"go/b"}}, by_time(2));
  const auto gap = merge_shards({one, two}, merged(), false);
  ASSERT_FALSE(gap);
  EXPECT_THAT(gap.error().hint, HasSubstr("1 of 3 selected are in no shard"));
  EXPECT_THAT(gap.error().hint, HasSubstr("remember other durations"));
  // It is the missing one that explains this.
  const auto half = merge_shards({one, one}, merged(), false);
  ASSERT_FALSE(half);
  EXPECT_THAT(half.error().hint,
              testing::Not(HasSubstr("remember other durations")));
}

TEST_F(MergeTest, ARunWithoutShardsIsNone) {
  const auto one = make("1", {{"go/a"}}, shard(1, 1));
  RunHead whole;
  whole.selection = "sha256:all";
  const auto two = make("2", {{"go/b"}}, whole);
  EXPECT_FALSE(merge_shards({one, two}, merged(), true));
}

TEST_F(MergeTest, ARerunTakesOverTheRest) {
  const auto earlier =
      make("1", {{"go/a"}, {"go/b", Verdict::Fail}, {"go/c", Verdict::Skip}});
  make("2", {{"go/b"}});
  ASSERT_TRUE(carry_over(earlier, (dir_ / "2").string()));
  const auto whole = Record::open((dir_ / "2").string());
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->results().size(), 3u);
  EXPECT_EQ(whole->suite().exit_code({}), 0);
  EXPECT_EQ(whole->suite().verdicts[static_cast<int>(Verdict::Pass)], 2u);
  EXPECT_EQ(whole->suite().not_run(), 0u);
  for (const Summary& summary : whole->results()) {
    EXPECT_TRUE(Record::load(summary)) << summary.id;
    EXPECT_EQ(summary.record, whole->folder());
  }
  // The earlier record stays as it was.
  EXPECT_EQ(Record::open((dir_ / "1").string())->suite().exit_code({}), 1);
}

}  // namespace
}  // namespace driftcage::run
