// SPDX-License-Identifier: Apache-2.0
#include "harness/mine/shell_drift.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace driftcage::mine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

std::vector<scenario::GivenEffect> effects(
    const Environment& before, const Environment& after,
    const std::vector<TypedLine>& lines,
    const std::vector<std::string>& command) {
  return shell_drift(before, after, lines, command, "/work").effects;
}

TEST(ShellDrift, VariablesThatDiffer) {
  EXPECT_THAT(
      effects({{"A", "1"}, {"B", "2"}, {"PWD", "/x"}},
              {{"A", "9"}, {"C", "3"}, {"PWD", "/y"}, {"SHLVL", "1"}}, {},
              {"true"}),
      ElementsAre(Pair("env", "A=9"), Pair("env", "C=3"), Pair("unset", "B")));
}

TEST(ShellDrift, LinesThatChangeSomething) {
  std::vector<TypedLine> lines;
  for (const char* text : {"ls -l", "rm go.mod", "export A=b", "go run .",
                           "echo x > f", "cat f && rm f", "", "exit"}) {
    lines.push_back({0, "/work", text});
  }
  EXPECT_THAT(
      effects({}, {}, lines, {"go", "run", "."}),
      ElementsAre(Pair("setup", "rm go.mod"), Pair("setup", "echo x > f"),
                  Pair("setup", "(cat f && rm f)")));
}

TEST(ShellDrift, AFolderThatIsEnteredIsLeftBehindTheLine) {
  EXPECT_THAT(
      effects({}, {},
              {{0, "/work", "mkdir d; cd d"},
               {0, "/work", "cd d && ls; export A=b"},
               {0, "/work", "rm x"}},
              {"x"}),
      ElementsAre(Pair("setup", "(mkdir d; cd d)"), Pair("setup", "rm x")));
}

TEST(ShellDrift, ALineIsDoneAgainWhereItWasTyped) {
  EXPECT_THAT(effects({}, {}, {{0, "/it's", "rm x"}}, {"x"}),
              ElementsAre(Pair("setup", "(cd '/it'\\''s' && rm x)")));
  EXPECT_THAT(effects({}, {}, {{0, "/in", "true & rm x"}}, {"x"}),
              ElementsAre(Pair("setup", "(cd /in || exit\ntrue & rm x\n)")));
}

TEST(ShellDrift, LinesCanBeJoined) {
  EXPECT_THAT(effects({}, {},
                      {{0, "/work", "rm a && rm b"},
                       {0, "/work", "make >log 2>&1"},
                       {0, "/work", "rm c # gone"},
                       {0, "/work", "sleep 1 &"}},
                      {"x"}),
              ElementsAre(Pair("setup", "(rm a && rm b)"),
                          Pair("setup", "make >log 2>&1"),
                          Pair("setup", "(rm c # gone\n)"),
                          Pair("setup", "(sleep 1 &\n)")));
}

TEST(ShellDrift, LinesThatFailedAreToldOf) {
  const ShellDrift drift =
      shell_drift({}, {}, {{1, "/work", "rm nothing"}}, {"x"}, "/work");
  EXPECT_THAT(drift.effects, IsEmpty());
  ASSERT_EQ(drift.failed.size(), 1u);
  EXPECT_EQ(drift.failed[0].text, "rm nothing");
}

TEST(ShellDrift, NothingDoneIsNothing) {
  EXPECT_THAT(effects({{"A", "1"}}, {{"A", "1"}}, {{0, "/work", "ls"}}, {"x"}),
              IsEmpty());
}

TEST(TypedLines, AnEmptyLineRepeatsTheLast) {
  const std::string bytes(
      "0\0/work\0    1  rm x\0"
      "0\0/work\0    1* rm xyz\0"  // edited, and left
      "2\0/etc\0    2  rm a  b\0"
      "0\0/etc\0\0"
      "0\0/cut",
      78);
  const auto lines = typed_lines(bytes);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].text, "rm x");
  EXPECT_EQ(lines[1].status, 2);
  EXPECT_EQ(lines[1].folder, "/etc");
  EXPECT_EQ(lines[1].text, "rm a  b");
}

TEST(EnvironmentOf, PairsBetweenNulBytes) {
  EXPECT_THAT(environment_of(std::string("A=b=c\0bad\0C=\0", 13)),
              ElementsAre(Pair("A", "b=c"), Pair("C", "")));
}

}  // namespace
}  // namespace driftcage::mine
