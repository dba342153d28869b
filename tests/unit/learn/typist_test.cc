// SPDX-License-Identifier: Apache-2.0
#include "harness/learn/typist.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "harness/base/sys.h"

namespace driftcage::learn {
namespace {

// `size` bytes that were typed.
std::string typed_at(int terminal, std::size_t size) {
  std::string text(size, '\0');
  std::size_t have = 0;
  while (have < size) {
    const ssize_t part = ::read(terminal, text.data() + have, size - have);
    if (part <= 0) break;
    have += static_cast<std::size_t>(part);
  }
  return text;
}

TEST(TypistTest, TypesALineAtEachPrompt) {
  Typist typist({"a", "bc"});
  ASSERT_TRUE(typist.start());
  const int terminal = typist.terminal();
  ASSERT_TRUE(base::sys::write_all(terminal, Typist::kPrompt, "screen"));
  EXPECT_EQ(typed_at(terminal, 2), "a\r");
  ASSERT_TRUE(base::sys::write_all(
      terminal, std::string("output\n") + Typist::kPrompt, "screen"));
  EXPECT_EQ(typed_at(terminal, 3), "bc\r");
  const std::string screen = typist.finish();
  EXPECT_NE(screen.find("output\n"), std::string::npos);
  EXPECT_EQ(typist.typed(), 2u);
}

// Whoever does not read stops the shell, and with it the whole lesson.
TEST(TypistTest, ReadsOnHoweverMuchIsPrinted) {
  Typist typist({"a"});
  ASSERT_TRUE(typist.start());
  const int terminal = typist.terminal();
  ASSERT_TRUE(
      base::sys::write_all(terminal, std::string(3u << 20, 'x'), "screen"));
  ASSERT_TRUE(base::sys::write_all(terminal, Typist::kPrompt, "screen"));
  EXPECT_EQ(typed_at(terminal, 2), "a\r");
  EXPECT_LE(typist.finish().size(), 1u << 20);
  EXPECT_EQ(typist.typed(), 1u);
}

}  // namespace
}  // namespace driftcage::learn
