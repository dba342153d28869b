// SPDX-License-Identifier: Apache-2.0
#include "harness/run/output_buffer.h"

#include <gtest/gtest.h>

namespace driftcage::run {
namespace {

TEST(OutputBuffer, KeepsWhatFits) {
  OutputBuffer buffer(4);
  buffer.add("abc");
  buffer.add("defgh");
  EXPECT_FALSE(buffer.cut());
  EXPECT_EQ(buffer.take(), "abcdefgh");
}

TEST(OutputBuffer, CutsTheMiddleAndSaysSo) {
  OutputBuffer buffer(4);
  for (char c = 'a'; c <= 'z'; ++c) buffer.add(std::string(1, c));
  const std::string text = buffer.take();
  EXPECT_TRUE(buffer.cut());
  EXPECT_EQ(text, "abcd\n[driftcage: 18 bytes left out here]\nwxyz");
}

TEST(OutputBuffer, OneLargePieceIsCutToo) {
  OutputBuffer buffer(2);
  buffer.add("abcdefgh");
  EXPECT_EQ(buffer.take(), "ab\n[driftcage: 4 bytes left out here]\ngh");
}

TEST(OutputBuffer, MemoryIsBounded) {
  OutputBuffer buffer(1000);
  const std::string piece(777, 'x');
  for (int i = 0; i < 10'000; ++i) buffer.add(piece);
  const std::string text = buffer.take();
  EXPECT_TRUE(buffer.cut());
  EXPECT_LT(text.size(), 2100u);
}

}  // namespace
}  // namespace driftcage::run
