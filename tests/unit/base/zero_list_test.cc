// SPDX-License-Identifier: Apache-2.0
#include "harness/base/zero_list.h"

#include <gtest/gtest.h>

namespace driftcage::base {
namespace {

TEST(SplitZero, KeepsEmptyWords) {
  EXPECT_EQ(split_zero(std::string_view("a\0\0b\0", 5)),
            (std::vector<std::string>{"a", "", "b"}));
  EXPECT_TRUE(split_zero("").empty());
  EXPECT_EQ(split_zero("no end"), std::vector<std::string>{"no end"});
}

}  // namespace
}  // namespace driftcage::base
