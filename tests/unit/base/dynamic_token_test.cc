// SPDX-License-Identifier: Apache-2.0
#include "harness/base/dynamic_token.h"

#include <gtest/gtest.h>

namespace driftcage::base {
namespace {

std::string replaced(std::string text, std::size_t limit = 100) {
  const std::string before = text;
  const bool any = replace_dynamic_token(text, "LIB", "<$LIB>", limit);
  EXPECT_EQ(any, text != before);
  return text;
}

TEST(DynamicToken, IsReplacedInBothSpellings) {
  EXPECT_EQ(replaced("$LIB"), "<$LIB>");
  EXPECT_EQ(replaced("/a/$LIB/b:${LIB}:$LIB$LIB"),
            "/a/<$LIB>/b:<$LIB>:<$LIB><$LIB>");
  EXPECT_EQ(replaced("${LIB}x"), "<$LIB>x");
}

TEST(DynamicToken, EndsWhereANameEnds) {
  for (const char* other : {"$LIBDIR", "$LIB_", "$LIB3", "$LIBx", "${LIBDIR}",
                            "${LIB", "$LI", "$", "$$", "$lib", "LIB", ""}) {
    EXPECT_EQ(replaced(other), other);
  }
  EXPECT_EQ(replaced("$LIBDIR/$LIB.d"), "$LIBDIR/<$LIB>.d");
  EXPECT_EQ(replaced("$$LIB-"), "$<$LIB>-");
}

TEST(DynamicToken, MakesNoEndlessText) {
  EXPECT_EQ(replaced("$LIB$LIB$LIB", 8), "<$LIB><$");
  EXPECT_EQ(replaced("long without any", 3), "long without any");
}

}  // namespace
}  // namespace driftcage::base
