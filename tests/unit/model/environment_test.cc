// SPDX-License-Identifier: Apache-2.0
#include "harness/model/environment.h"

#include <gtest/gtest.h>

namespace driftcage::model {
namespace {

TEST(EnvironmentChange, NewChangedAndRemoved) {
  EXPECT_EQ(environment_change({"A=1", "B=2", "C=3"}, {"C=3", "B=x", "D="}),
            (Environment{"B=x", "D=", "A"}));
}

TEST(EnvironmentChange, OrderAloneIsNoChange) {
  EXPECT_EQ(environment_change({"A=1", "B=2"}, {"B=2", "A=1"}), Environment{});
}

TEST(EnvironmentChange, FirstOfTwoCounts) {
  EXPECT_EQ(environment_change({"A=1", "A=2"}, {"A=1"}), Environment{});
  EXPECT_EQ(environment_change({"A=1"}, {"A=2", "A=1"}), Environment{"A=2"});
}

TEST(EnvironmentChange, OddEntries) {
  EXPECT_EQ(environment_change({"=x=1", ""}, {"=x=2"}),
            (Environment{"=x=2", ""}));
  EXPECT_EQ(environment_change({}, {"\xff=\xfe"}), Environment{"\xff=\xfe"});
}

}  // namespace
}  // namespace driftcage::model
