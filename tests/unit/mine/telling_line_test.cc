// SPDX-License-Identifier: Apache-2.0
#include "harness/mine/telling_line.h"

#include <gtest/gtest.h>

namespace driftcage::mine {
namespace {

TEST(TellingLine, IsTheOneThatComplains) {
  EXPECT_EQ(telling_line({{"hello\n"},
                          {"# command-line-arguments\n"
                           "cgo: C compiler \"gcc\" not found: exec\n"
                           "exit status 1\n"},
                          {},
                          {"gcc"}}),
            "cgo: C compiler \"gcc\" not found: exec");
}

TEST(TellingLine, IsInEveryBrokenRunAndInNoHealthyOne) {
  EXPECT_EQ(
      telling_line({{"warning: cannot find x\n"},
                    {"warning: cannot find x\nerror: a\nfatal: no such y\n",
                     "warning: cannot find x\nfatal: no such y\n"},
                    {},
                    {}}),
      "fatal: no such y");
}

TEST(TellingLine, HoldsNothingThatVaries) {
  EXPECT_EQ(telling_line({{""},
                          {"fork/exec /tmp/go-build123456/b001/exe/t: "
                           "permission denied\n",
                           "fork/exec /tmp/go-build98765/b001/exe/t: "
                           "permission denied\n"},
                          {},
                          {}}),
            "/exe/t: permission denied");
}

TEST(TellingLine, HoldsNoPathOfThisMachine) {
  EXPECT_EQ(telling_line({{""},
                          {"open /usr/lib/go-1.19/src/fmt: too many open "
                           "files\n"},
                          {"/usr/lib/go-1.19"},
                          {}}),
            "too many open files");
}

TEST(TellingLine, IsNotLongerThanAPersonWouldCopy) {
  const std::string text = "error: " + std::string(30, 'x') + ": " +
                           std::string(30, 'y') + ": " + std::string(90, 'z') +
                           "\n";
  EXPECT_EQ(telling_line({{""}, {text}, {}, {}}),
            "error: " + std::string(30, 'x') + ": " + std::string(30, 'y'));
}

TEST(TellingLine, IsEmptyWhenNothingWasSaid) {
  EXPECT_EQ(telling_line({{""}, {""}, {}, {}}), "");
  EXPECT_EQ(telling_line({}), "");
}

TEST(OnlyBroken, LeavesOutWhatHealthyRunsSay) {
  EXPECT_EQ(only_broken({{"a\n"}, {"a\nb\n"}, {}, {}}), "b\n");
}

}  // namespace
}  // namespace driftcage::mine
