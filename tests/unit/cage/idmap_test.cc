// SPDX-License-Identifier: Apache-2.0
#include "harness/cage/idmap.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "harness/cage/subordinate.h"

namespace driftcage::cage {
namespace {

using Lines = std::vector<IdLine>;
using Range = std::pair<std::uint32_t, std::uint32_t>;

// Outside id of `inside`; -1: none.
std::int64_t outside_of(const Lines& lines, std::uint32_t inside) {
  for (const IdLine& line : lines) {
    if (inside >= line.inside && inside - line.inside < line.count)
      return line.outside + (inside - line.inside);
  }
  return -1;
}

TEST(Exchange, OneIdStandsForTheCagesRoot) {
  EXPECT_EQ(exchange(0, 0, 1), (Lines{{0, 0, 1}}));
  EXPECT_EQ(exchange(1000, 0, 1), (Lines{{1000, 0, 1}}));
}

TEST(Exchange, AnOwnerWithoutAnIdLeavesOne) {
  EXPECT_EQ(exchange(5, 100, 100), (Lines{{5, 0, 1}}));
}

// The map around may have 0 in a line of its own.
TEST(Exchange, NoLineGoesOverZeroAndMore) {
  EXPECT_EQ(exchange(0, 0, 100), (Lines{{0, 0, 1}, {1, 1, 99}}));
  EXPECT_EQ(exchange(7, 7, 100), (Lines{{0, 0, 1}, {1, 1, 99}}));
}

TEST(Exchange, TwoIdsChangePlacesAndNoneIsLost) {
  for (const auto& [id, owner] : std::vector<Range>{{1000, 0},
                                                    {0, 1000},
                                                    {1, 0},
                                                    {99999, 3},
                                                    {65535, 0},
                                                    {3, 65535},
                                                    {70000, 0},
                                                    {70000, 65535}}) {
    SCOPED_TRACE(std::to_string(id) + " " + std::to_string(owner));
    constexpr std::uint32_t kCount = 65536;
    const Lines lines = exchange(id, owner, kCount);
    EXPECT_EQ(outside_of(lines, id), owner);
    EXPECT_EQ(outside_of(lines, owner),
              id < kCount ? std::int64_t{id} : std::int64_t{-1});
    std::uint64_t total = 0;
    for (const IdLine& line : lines) total += line.count;
    EXPECT_EQ(total, kCount);
    for (const std::uint32_t other : {2u, 500u, 65534u})
      EXPECT_EQ(outside_of(lines, other), other);
  }
}

TEST(LargestRange, IsOfTheUserByNameOrNumber) {
  const std::string text =
      "other:1:9\nme:100000:65536\n# me:5:99999999\n12345:300000:100000\n";
  EXPECT_EQ(largest_range(text, "me", 1), (Range{100000, 65536}));
  EXPECT_EQ(largest_range(text, "me", 12345), (Range{300000, 100000}));
  EXPECT_EQ(largest_range(text, "", 12345), (Range{300000, 100000}));
  EXPECT_FALSE(largest_range(text, "you", 2));
}

TEST(LargestRange, TakesNothingThatIsNoRange) {
  for (const char* text :
       {"", "\n", ":::", "me", "me:1", "me:x:5", "me:5:0", "me:5:-1",
        "me:4294967295:2", "me:1:2:3", "me:99999999999:1"}) {
    EXPECT_FALSE(largest_range(text, "me", 1)) << text;
  }
}

}  // namespace
}  // namespace driftcage::cage
