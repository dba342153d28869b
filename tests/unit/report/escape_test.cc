// SPDX-License-Identifier: Apache-2.0
#include "harness/report/escape.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace driftcage::report {
namespace {

TEST(Printable, KeepsPrintableText) {
  EXPECT_EQ(printable("/usr/bin/gcc"), "/usr/bin/gcc");
  EXPECT_EQ(printable("/h\xc3\xa4user \xe2\x82\xac \xf0\x9f\x98\x80"),
            "/h\xc3\xa4user \xe2\x82\xac \xf0\x9f\x98\x80");
  EXPECT_EQ(printable(""), "");
}

TEST(Printable, EscapesEverythingElse) {
  EXPECT_EQ(printable("a\nb\tc\x1b[31m\x7f"), "a\\x0ab\\x09c\\x1b[31m\\x7f");
  EXPECT_EQ(printable("a\\b"), "a\\x5cb");
  EXPECT_EQ(printable(std::string_view("\0", 1)), "\\x00");
  EXPECT_EQ(printable("\xff\xfe"), "\\xff\\xfe");
  // C1 control, as a terminal would obey it.
  EXPECT_EQ(printable("\xc2\x9b"), "\\xc2\\x9b");
}

TEST(Printable, BadUtf8OfEveryKind) {
  EXPECT_EQ(printable("\xc0\xaf"), "\\xc0\\xaf");           // overlong
  EXPECT_EQ(printable("\xe0\x80\xaf"), "\\xe0\\x80\\xaf");  // overlong
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // surrogate
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
  EXPECT_EQ(printable("\xe2\x82"), "\\xe2\\x82");  // cut
  EXPECT_EQ(printable("\xe2\x82"
                      "a"),
            "\\xe2\\x82"
            "a");
  EXPECT_EQ(printable("\x80"
                      "a"),
            "\\x80"
            "a");
}

// The promise of the format: nothing is lost.
TEST(Printable, CanBeUndone) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  bytes += "\\x41 \xc3\xa4";
  const std::string text = printable(bytes);
  std::string back;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      back += text[i];
      continue;
    }
    ASSERT_EQ(text[i + 1], 'x');
    back += static_cast<char>(std::stoi(text.substr(i + 2, 2), nullptr, 16));
    i += 3;
  }
  EXPECT_EQ(back, bytes);
}

TEST(PrintableText, KeepsLinesAndBackslashes) {
  EXPECT_EQ(printable_text("a\\b\n\tc\r\x1b"), "a\\b\n\tc\\x0d\\x1b");
}

TEST(Cut, BetweenCharacters) {
  EXPECT_EQ(cut("abcdef", 6), "abcdef");
  EXPECT_EQ(cut("abcdefg", 6), "abc...");
  EXPECT_EQ(cut("ab\xc3\xa4xyz", 6), "ab...");
  EXPECT_EQ(cut("abcdef", 2), "...");
}

TEST(Escape, CharactersThatReorderALine) {
  EXPECT_EQ(printable("a\u202etxt.exe"), "a\\xe2\\x80\\xaetxt.exe");
  EXPECT_EQ(printable_text("\u2028"), "\\xe2\\x80\\xa8");
  for (const std::string_view text :
       {"\u061c", "\u200e", "\u200f", "\u2028", "\u2029", "\u202a", "\u202e",
        "\u2066", "\u2069"}) {
    EXPECT_THAT(printable(text), ::testing::StartsWith("\\x")) << text;
  }
  // Their neighbours.
  for (const std::string_view text : {"\u061b", "\u200d", "\u2010", "\u2027",
                                      "\u202f", "\u2065", "\u206a", "\u20ac"}) {
    EXPECT_EQ(printable(text), text);
  }
}

}  // namespace
}  // namespace driftcage::report
