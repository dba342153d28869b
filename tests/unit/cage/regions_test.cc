// SPDX-License-Identifier: Apache-2.0
#include "harness/cage/regions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace driftcage::cage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Region overlay(const std::string& at) {
  return {at, RegionKind::Overlay, std::make_shared<Layer>(), ""};
}
Region plain(const std::string& at) {
  return {at, RegionKind::Plain, nullptr, ""};
}

TEST(Regions, TheDeepestServesAPath) {
  RegionMap map;
  map.add(plain("/"));
  map.add(overlay("/usr"));
  map.add(plain("/usr/share"));
  EXPECT_EQ(map.find("/").at, "/");
  EXPECT_EQ(map.find("/etc/passwd").at, "/");
  EXPECT_EQ(map.find("/usr").at, "/usr");
  EXPECT_EQ(map.find("/usrlocal").at, "/");
  EXPECT_EQ(map.find("/usr/sharedlib").at, "/usr");
  EXPECT_EQ(map.find("/usr/share/doc").at, "/usr/share");
}

TEST(Regions, ALaterOneCoversAnEarlierOneAndWhatWasBelow) {
  RegionMap map;
  map.add(plain("/"));
  map.add(overlay("/usr"));
  map.add(overlay("/usr/share/deep"));
  map.cover(plain("/usr/share"));
  EXPECT_EQ(map.find("/usr/share/deep/x").at, "/usr/share");
  map.cover(plain("/usr"));
  EXPECT_EQ(map.find("/usr/x").kind, RegionKind::Plain);
  map.remove("/usr");
  EXPECT_EQ(map.find("/usr/x").kind, RegionKind::Overlay);
}

TEST(Regions, StartsBelowListsTheDeepestFirst) {
  RegionMap map;
  map.add(plain("/"));
  map.add(plain("/a"));
  map.add(plain("/a/b"));
  map.add(plain("/ab"));
  EXPECT_THAT(map.starts_below("/a"), ElementsAre("/a/b", "/a"));
  EXPECT_THAT(map.starts_below("/a/b/c"), IsEmpty());
}

TEST(Regions, PathsInALayer) {
  EXPECT_EQ(RegionMap::in_layer(overlay("/"), "/"), "");
  EXPECT_EQ(RegionMap::in_layer(overlay("/"), "/usr/bin"), "usr/bin");
  EXPECT_EQ(RegionMap::in_layer(overlay("/usr"), "/usr"), "");
  EXPECT_EQ(RegionMap::in_layer(overlay("/usr"), "/usr/bin/go"), "bin/go");
  Region remounted = overlay("/usr/share");
  remounted.inside = "share";
  EXPECT_EQ(RegionMap::in_layer(remounted, "/usr/share"), "share");
  EXPECT_EQ(RegionMap::in_layer(remounted, "/usr/share/doc"), "share/doc");
}

TEST(Regions, ReadOnlyFromAPathDownwards) {
  RegionMap map;
  map.add(plain("/"));
  map.add(plain("/a"));
  map.add(plain("/a/b"));
  map.make_read_only("/a");
  EXPECT_EQ(map.find("/a/b/c").kind, RegionKind::ReadOnly);
  EXPECT_EQ(map.find("/a/c").kind, RegionKind::ReadOnly);
  EXPECT_EQ(map.find("/b").kind, RegionKind::Plain);
}

}  // namespace
}  // namespace driftcage::cage
