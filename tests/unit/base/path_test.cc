// SPDX-License-Identifier: Apache-2.0
#include "harness/base/path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace driftcage::base::path {
namespace {

using ::testing::ElementsAre;

TEST(Path, AbsoluteJoinsRelativeNamesOnly) {
  EXPECT_EQ(absolute("/work", "main.go"), "/work/main.go");
  EXPECT_EQ(absolute("/work", "/etc//passwd"), "/etc/passwd");
  EXPECT_EQ(absolute("/", "x"), "/x");
  EXPECT_EQ(absolute("/work", ""), "/work");
  EXPECT_EQ(absolute("/work", "./a/./b/"), "/work/a/b");
  EXPECT_EQ(absolute("/", "/"), "/");
}

// Folding ".." would change the file that is named when a link is on the way.
TEST(Path, AbsoluteKeepsParentComponents) {
  EXPECT_EQ(absolute("/work", "../lib"), "/work/../lib");
}

TEST(Path, CleanFoldsParents) {
  EXPECT_EQ(clean("/usr/bin/../lib"), "/usr/lib");
  EXPECT_EQ(clean("/../.."), "/");
  EXPECT_EQ(clean("a/../../b"), "../b");
  EXPECT_EQ(clean("."), ".");
  EXPECT_EQ(clean("a/.."), ".");
}

TEST(Path, BaseAndDirectoryNames) {
  EXPECT_EQ(base_name("/usr/bin/gcc"), "gcc");
  EXPECT_EQ(base_name("gcc"), "gcc");
  EXPECT_EQ(base_name("/"), "");
  EXPECT_EQ(dir_name("/usr/bin/gcc"), "/usr/bin");
  EXPECT_EQ(dir_name("/gcc"), "/");
  EXPECT_EQ(dir_name("gcc"), ".");
}

TEST(Path, BelowComparesWholeComponents) {
  EXPECT_TRUE(is_below("/home/user", "/home"));
  EXPECT_TRUE(is_below("/home", "/home"));
  EXPECT_FALSE(is_below("/homestead", "/home"));
  EXPECT_TRUE(is_below("/anything", "/"));
  EXPECT_FALSE(is_below("relative", "/"));
}

TEST(Path, EmptyListElementIsTheWorkingDirectory) {
  EXPECT_THAT(split_list("/bin::/usr/bin"),
              ElementsAre("/bin", ".", "/usr/bin"));
  EXPECT_THAT(split_list(""), ElementsAre("."));
  EXPECT_THAT(split_list("/bin:"), ElementsAre("/bin", "."));
}

}  // namespace
}  // namespace driftcage::base::path
