// SPDX-License-Identifier: Apache-2.0
#include "harness/trace/tree.h"

#include <gtest/gtest.h>

#include "tests/unit/trace/fake_tree.h"

namespace driftcage::trace {
namespace {

using model::Cause;

Walk go(FakeTree& tree, const std::string& path, bool follow = true) {
  return walk(tree, nullptr, path, follow);
}

TEST(Walk, FindsAFileThroughLinksAndDots) {
  FakeTree tree;
  tree.dir("/a").dir("/a/b").file("/a/b/f").link("/l", "a/b");
  const Walk found = go(tree, "/l/.././b//f");
  EXPECT_EQ(found.cause, Cause::None);
  EXPECT_EQ(found.at, "/a/b/f");
}

TEST(Walk, DotDotAfterALinkIsTheTargetsParent) {
  FakeTree tree;
  tree.dir("/a").dir("/a/b").dir("/x").link("/x/l", "/a/b").file("/a/f");
  EXPECT_EQ(go(tree, "/x/l/../f").at, "/a/f");
}

TEST(Walk, DotDotStaysInTheRoot) {
  FakeTree tree;
  tree.file("/f");
  EXPECT_EQ(go(tree, "/../../f").at, "/f");
}

TEST(Walk, TellsMissingFromMissingDirectory) {
  FakeTree tree;
  tree.dir("/a");
  EXPECT_EQ(go(tree, "/a/f").cause, Cause::Missing);
  EXPECT_EQ(go(tree, "/a/f").at, "/a/f");
  EXPECT_EQ(go(tree, "/a/no/f/g").cause, Cause::MissingDirectory);
  EXPECT_EQ(go(tree, "/a/no/f/g").at, "/a/no");
}

TEST(Walk, NamesTheTargetOfADanglingLink) {
  FakeTree tree;
  tree.dir("/a").link("/a/l", "none/x").link("/k", "/a/l");
  EXPECT_EQ(go(tree, "/a/l").cause, Cause::Dangling);
  EXPECT_EQ(go(tree, "/a/l").at, "/a/none/x");
  EXPECT_EQ(go(tree, "/k/more").cause, Cause::Dangling);
  EXPECT_EQ(go(tree, "/k/more").at, "/a/none/x");
}

TEST(Walk, BehindAGoodLinkNothingDangles) {
  FakeTree tree;
  tree.dir("/a").dir("/a/b").link("/l", "a").link("/a/m", "b");
  EXPECT_EQ(go(tree, "/l/f").cause, Cause::Missing);
  EXPECT_EQ(go(tree, "/l/f").at, "/a/f");
  EXPECT_EQ(go(tree, "/l/m/no/f").cause, Cause::MissingDirectory);
}

TEST(Walk, OuterLinkDanglesWhenAnInnerOneWasGood) {
  FakeTree tree;
  tree.dir("/a").link("/good", "a").link("/l", "/good/none");
  EXPECT_EQ(go(tree, "/l").cause, Cause::Dangling);
  EXPECT_EQ(go(tree, "/l").at, "/good/none");
}

TEST(Walk, DoesNotFollowTheLastLinkUnlessAsked) {
  FakeTree tree;
  tree.link("/l", "none");
  EXPECT_EQ(go(tree, "/l", false).cause, Cause::None);
  EXPECT_EQ(go(tree, "/l", true).cause, Cause::Dangling);
}

TEST(Walk, FindsTheFileInTheWay) {
  FakeTree tree;
  tree.dir("/a").file("/a/f");
  EXPECT_EQ(go(tree, "/a/f/g").cause, Cause::NotDirectory);
  EXPECT_EQ(go(tree, "/a/f/g").at, "/a/f");
  EXPECT_EQ(go(tree, "/a/f/").cause, Cause::NotDirectory);
}

TEST(Walk, FortyLinksAreTheKernelsLimit) {
  FakeTree tree;
  tree.file("/l0");
  for (int i = 1; i <= 41; ++i)
    tree.link("/l" + std::to_string(i), "l" + std::to_string(i - 1));
  EXPECT_EQ(go(tree, "/l40").cause, Cause::None);
  EXPECT_EQ(go(tree, "/l41").cause, Cause::Loop);
}

TEST(Walk, KnowsTheLimitsOfNames) {
  FakeTree tree;
  EXPECT_EQ(go(tree, "/" + std::string(255, 'n')).cause, Cause::Missing);
  EXPECT_EQ(go(tree, "/" + std::string(256, 'n')).cause, Cause::NameTooLong);
  EXPECT_EQ(go(tree, "/" + std::string(4095, 'n')).cause, Cause::NameTooLong);
}

TEST(Walk, SearchPermissionComesBeforeWhatIsMissing) {
  FakeTree tree;
  tree.dir("/a").dir("/a/closed", 0700);
  Credentials who;
  who.uid = 1000;
  const Walk found = walk(tree, &who, "/a/closed/no/x", true);
  EXPECT_EQ(found.cause, Cause::NoSearchPermission);
  EXPECT_EQ(found.at, "/a/closed");
  who.uid = 0;
  EXPECT_EQ(walk(tree, &who, "/a/closed/x", true).cause, Cause::Missing);
}

TEST(Walk, SaysWhenTheTracerItselfMayNotLook) {
  FakeTree tree;
  tree.dir("/a").refuse("/a/b");
  EXPECT_TRUE(go(tree, "/a/b/c").unknown);
}

TEST(MountPoint, IsTheHighestDirectoryOfTheMount) {
  FakeTree tree;
  tree.dir("/mnt").dir("/mnt/a").file("/mnt/a/f").mount("/mnt");
  EXPECT_EQ(mount_point(tree, "/mnt/a/f"), "/mnt");
  EXPECT_EQ(mount_point(tree, "/mnt/a/new"), "/mnt");
  EXPECT_EQ(mount_point(tree, "/mnt"), "/mnt");
  EXPECT_EQ(mount_point(tree, "/"), "/");
}

}  // namespace
}  // namespace driftcage::trace
