// SPDX-License-Identifier: Apache-2.0
#include "harness/match/closest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace driftcage::match {
namespace {

model::Event named(const std::string& path) {
  model::Event event;
  event.abs = path;
  return event;
}

std::vector<std::string> kept(const Closest& closest) {
  std::vector<std::string> texts;
  for (const Sighting& sighting : closest.take()) {
    texts.push_back(sighting.event.abs + " " + sighting.differs);
  }
  return texts;
}

TEST(Closest, KeepsTheThreeNearestInOrder) {
  Closest closest;
  closest.offer(Miss::Name, 2, named("/d"), "", 0);
  closest.offer(Miss::Verb, 0, named("/b"), "", 0);
  closest.offer(Miss::Name, 1, named("/c"), "", 0);
  closest.offer(Miss::Result, 0, named("/a"), "", 0);
  EXPECT_THAT(kept(closest),
              testing::ElementsAre("/a result", "/b verb", "/c name"));
  EXPECT_FALSE(closest.wants(Miss::Name, 1));
  EXPECT_TRUE(closest.wants(Miss::Directory));
}

TEST(Closest, FirstOfEqualsStays) {
  Closest closest;
  for (const char* path : {"/a", "/b", "/c", "/d"}) {
    closest.offer(Miss::Verb, 0, named(path), "", 0);
  }
  EXPECT_THAT(kept(closest),
              testing::ElementsAre("/a verb", "/b verb", "/c verb"));
}

TEST(Closest, WhatLooksTheSameIsKeptOnce) {
  Closest closest;
  for (int i = 0; i < 5; ++i) {
    closest.offer(Miss::Verb, 0, named("/a"), "go", i);
  }
  closest.offer(Miss::Verb, 0, named("/a"), "cgo", 9);
  EXPECT_EQ(closest.take().size(), 2u);
}

TEST(EditDistance, CountsEditsUpToALimit) {
  EXPECT_EQ(edit_distance("gcc", "gcc", 2), 0u);
  EXPECT_EQ(edit_distance("gcc", "cc", 2), 1u);
  EXPECT_EQ(edit_distance("gcc", "gxc", 2), 1u);
  EXPECT_EQ(edit_distance("compile", "complie", 2), 2u);
  EXPECT_EQ(edit_distance("", "ab", 2), 2u);
  EXPECT_EQ(edit_distance("abc", "xyz", 2), 3u);
  EXPECT_EQ(edit_distance("a", "abcdef", 2), 3u);
  EXPECT_EQ(edit_distance(std::string(70, 'a'), std::string(70, 'a'), 2), 3u);
}

}  // namespace
}  // namespace driftcage::match
