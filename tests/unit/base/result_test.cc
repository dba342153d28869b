// SPDX-License-Identifier: Apache-2.0
#include "harness/base/result.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace driftcage::base {
namespace {

TEST(Error, MessageNamesStepObjectAndErrno) {
  const Error error{"mount overlay", "/", ENOENT, "hint"};
  EXPECT_EQ(error.message(),
            "mount overlay: /: No such file or directory (ENOENT)");
  EXPECT_EQ((Error{"decode", "", 0, ""}).message(), "decode");
  EXPECT_EQ((Error{"x", "", 4095, ""}).message(), "x: unknown error (E4095)");
}

TEST(Errno, NamesGoBothWays) {
  EXPECT_EQ(errno_name(EAGAIN), "EAGAIN");
  EXPECT_EQ(errno_number("EWOULDBLOCK"), EAGAIN);
  EXPECT_EQ(errno_number("ENOTSUP"), ENOTSUP);
  EXPECT_EQ(errno_name(512), "ERESTARTSYS");
  EXPECT_EQ(errno_name(9999), "E9999");
  EXPECT_EQ(errno_number("ENOSUCH"), 0);
}

TEST(Errno, EveryRowIsFoundByNameAndNumber) {
  std::size_t size = 0;
  const auto* table = errno_table(&size);
  ASSERT_GT(size, 130u);
  for (std::size_t i = 0; i < size; ++i) {
    EXPECT_EQ(errno_number(table[i].first), table[i].second);
    EXPECT_EQ(errno_number(errno_name(table[i].second)), table[i].second);
  }
}

Result<int> half(int value) {
  if (value % 2 != 0) return fail("halve", std::to_string(value), EINVAL);
  return value / 2;
}

Result<int> quarter(int value) {
  const int once = DRIFTCAGE_TRY(half(value));
  return half(once);
}

TEST(Try, HandsOnTheFirstError) {
  EXPECT_EQ(quarter(8), 2);
  ASSERT_FALSE(quarter(6).has_value());
  EXPECT_EQ(quarter(6).error().object, "3");
  EXPECT_EQ(quarter(5).error().object, "5");
}

}  // namespace
}  // namespace driftcage::base
