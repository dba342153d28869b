// SPDX-License-Identifier: Apache-2.0
#include "harness/run/shard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace driftcage::run {
namespace {

using testing::HasSubstr;

using Environment = std::map<std::string, std::string>;

base::Result<std::optional<Shard>> find(const Environment& environment,
                                        bool automatic = false) {
  return shard_from_environment(
      [&](const char* name) {
        const auto found = environment.find(name);
        return found == environment.end() ? "" : found->second;
      },
      automatic);
}

TEST(ParseShard, CountsFromOne) {
  const auto shard = parse_shard("2/5");
  ASSERT_TRUE(shard);
  EXPECT_EQ(shard->index, 2u);
  EXPECT_EQ(shard->total, 5u);
  for (const char* bad : {"0/5", "6/5", "1/0", "1", "a/b", "1/2/3", "", "/",
                          "-1/5", "1/", " 1/2", "1/99999999999"})
    EXPECT_FALSE(parse_shard(bad)) << bad;
}

struct Case {
  const char* name;
  Environment environment;
  unsigned index;
  unsigned total;
};
class Pairs : public testing::TestWithParam<Case> {};

TEST_P(Pairs, AreUnderstood) {
  const auto shard = find(GetParam().environment);
  ASSERT_TRUE(shard) << shard.error().message() << shard.error().hint;
  ASSERT_TRUE(*shard);
  const auto asked_for = find(GetParam().environment, true);
  ASSERT_TRUE(asked_for);
  EXPECT_EQ((*asked_for)->text(), (*shard)->text());
  EXPECT_EQ((*shard)->index, GetParam().index);
  EXPECT_EQ((*shard)->total, GetParam().total);
}

INSTANTIATE_TEST_SUITE_P(
    Systems, Pairs,
    testing::Values(
        Case{"own", {{"DRIFTCAGE_SHARD", "3/4"}}, 3, 4},
        Case{"bazel",
             {{"TEST_SHARD_INDEX", "0"}, {"TEST_TOTAL_SHARDS", "4"}},
             1,
             4},
        Case{"gtest",
             {{"GTEST_SHARD_INDEX", "3"}, {"GTEST_TOTAL_SHARDS", "4"}},
             4,
             4},
        Case{"lit", {{"LIT_RUN_SHARD", "1"}, {"LIT_NUM_SHARDS", "4"}}, 1, 4},
        Case{"gitlab", {{"CI_NODE_INDEX", "4"}, {"CI_NODE_TOTAL", "4"}}, 4, 4},
        Case{"circle",
             {{"CIRCLE_NODE_INDEX", "1"}, {"CIRCLE_NODE_TOTAL", "4"}},
             2,
             4},
        Case{"buildkite",
             {{"BUILDKITE_PARALLEL_JOB", "0"},
              {"BUILDKITE_PARALLEL_JOB_COUNT", "2"}},
             1,
             2},
        Case{"bitbucket",
             {{"BITBUCKET_PARALLEL_STEP", "1"},
              {"BITBUCKET_PARALLEL_STEP_COUNT", "2"}},
             2,
             2},
        Case{"kubernetes",
             {{"JOB_COMPLETION_INDEX", "2"}, {"DRIFTCAGE_SHARDS", "3"}},
             3,
             3},
        Case{"slurm",
             {{"SLURM_ARRAY_TASK_ID", "30"},
              {"SLURM_ARRAY_TASK_MIN", "10"},
              {"SLURM_ARRAY_TASK_STEP", "10"},
              {"SLURM_ARRAY_TASK_COUNT", "5"}},
             3,
             5}),
    [](const auto& one) { return one.param.name; });

TEST(ShardFromEnvironment, HalfAPairIsAnErrorThatNamesTheOther) {
  const auto index = find({{"TEST_SHARD_INDEX", "0"}});
  ASSERT_FALSE(index);
  EXPECT_THAT(index.error().hint, HasSubstr("TEST_TOTAL_SHARDS"));
  const auto total = find({{"CI_NODE_TOTAL", "3"}});
  ASSERT_FALSE(total);
  EXPECT_THAT(total.error().hint, HasSubstr("CI_NODE_INDEX"));
  EXPECT_FALSE(find({{"JOB_COMPLETION_INDEX", "1"}}));
  EXPECT_FALSE(find({{"CIRCLE_NODE_INDEX", "1"}}));
}

TEST(ShardFromEnvironment, AJobOfGitLabThatIsNotParallelIsNoShard) {
  const auto shard = find({{"CI_NODE_TOTAL", "1"}});
  ASSERT_TRUE(shard);
  EXPECT_FALSE(*shard);
}

TEST(ShardFromEnvironment, OutOfRangeIsAnError) {
  EXPECT_FALSE(find({{"CI_NODE_INDEX", "5"}, {"CI_NODE_TOTAL", "4"}}));
  EXPECT_FALSE(find({{"CI_NODE_INDEX", "0"}, {"CI_NODE_TOTAL", "4"}}));
  EXPECT_FALSE(find({{"TEST_SHARD_INDEX", "x"}, {"TEST_TOTAL_SHARDS", "4"}}));
  EXPECT_FALSE(find({{"SLURM_ARRAY_TASK_ID", "15"},
                     {"SLURM_ARRAY_TASK_MIN", "10"},
                     {"SLURM_ARRAY_TASK_STEP", "10"},
                     {"SLURM_ARRAY_TASK_COUNT", "5"}}));
}

TEST(ShardFromEnvironment, NothingSetIsNoShardUnlessAsked) {
  const auto none = find({});
  ASSERT_TRUE(none);
  EXPECT_FALSE(*none);
  EXPECT_FALSE(find({}, true));
}

TEST(ShardFromEnvironment, TellsWhichFileToTouch) {
  const auto shard = find({{"TEST_SHARD_INDEX", "0"},
                           {"TEST_TOTAL_SHARDS", "4"},
                           {"TEST_SHARD_STATUS_FILE", "/x/status"}});
  ASSERT_TRUE(shard && *shard);
  EXPECT_EQ((*shard)->status_file, "/x/status");
}

}  // namespace
}  // namespace driftcage::run
