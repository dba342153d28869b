// SPDX-License-Identifier: Apache-2.0
#include "harness/mine/shell_drift.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace driftcage::mine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(ShellDrift, VariablesThatDiffer) {
  EXPECT_THAT(
      shell_drift({{"A", "1"}, {"B", "2"}, {"PWD", "/x"}},
                  {{"A", "9"}, {"C", "3"}, {"PWD", "/y"}, {"SHLVL", "1"}}, {},
                  {"true"}),
      ElementsAre(Pair("env", "A=9"), Pair("env", "C=3"), Pair("unset", "B")));
}

TEST(ShellDrift, LinesThatChangeSomething) {
  EXPECT_THAT(
      shell_drift({}, {},
                  {"ls -l", "rm go.mod", "export A=b", "go run .", "echo x > f",
                   "cat f && rm f", "", "exit"},
                  {"go", "run", "."}),
      ElementsAre(Pair("setup", "rm go.mod"), Pair("setup", "echo x > f"),
                  Pair("setup", "cat f && rm f")));
}

TEST(ShellDrift, NothingDoneIsNothing) {
  EXPECT_THAT(shell_drift({{"A", "1"}}, {{"A", "1"}}, {"ls"}, {"x"}),
              IsEmpty());
}

TEST(EnvironmentOf, PairsBetweenNulBytes) {
  EXPECT_THAT(environment_of(std::string("A=b=c\0bad\0C=\0", 13)),
              ElementsAre(Pair("A", "b=c"), Pair("C", "")));
}

}  // namespace
}  // namespace driftcage::mine
