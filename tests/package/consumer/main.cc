// SPDX-License-Identifier: Apache-2.0
#include <driftcage/gtest.h>
#include <gtest/gtest.h>

TEST(Own, Works) { EXPECT_EQ(1 + 1, 2); }

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (!driftcage::gtest::register_scenarios(SCENARIOS, DRIFTCAGE)) return 2;
  return RUN_ALL_TESTS();
}
