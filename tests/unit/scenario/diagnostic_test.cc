// SPDX-License-Identifier: Apache-2.0
#include "harness/scenario/diagnostic.h"

#include <gtest/gtest.h>

namespace driftcage::scenario {
namespace {

TEST(Render, CaretUnderTheWord) {
  const Diagnostic mistake{{"a.toml", 2, 3, 4}, "wrong", "right"};
  EXPECT_EQ(render(mistake, "x\n  word = 1\ny\n"),
            "a.toml:2:3: error: wrong\n"
            "    2 |   word = 1\n"
            "      |   ^~~~\n"
            "hint: right\n");
}

TEST(Render, TabsStay) {
  const Diagnostic mistake{{"a", 1, 3, 1}, "m", ""};
  EXPECT_EQ(render(mistake, "\t\tx"),
            "a:1:3: error: m\n    1 | \t\tx\n      | \t\t^\n");
}

TEST(Render, CharactersOfSeveralBytesTakeOneColumn) {
  // Two bytes before the x, and a marked word of three characters, five bytes.
  const Diagnostic mistake{{"a", 1, 3, 5}, "m", ""};
  EXPECT_EQ(render(mistake, "\xc3\xa9\xc3\xa9x\xc3\xa9 y"),
            "a:1:3: error: m\n    1 | \xc3\xa9\xc3\xa9x\xc3\xa9 y\n"
            "      |  ^~~\n");
}

TEST(Render, CarriageReturnIsNotShown) {
  const Diagnostic mistake{{"a", 1, 1, 1}, "m", ""};
  EXPECT_EQ(render(mistake, "x\r\ny"),
            "a:1:1: error: m\n    1 | x\n      | ^\n");
}

TEST(Render, PlacesOutsideTheTextAreHarmless) {
  EXPECT_EQ(render({{"a", 9, 9, 9}, "m", ""}, "x\n"),
            "a:9:9: error: m\n    9 | \n      | ^\n");
  EXPECT_EQ(render({{"a", 1, 99, 4}, "m", ""}, "x"),
            "a:1:99: error: m\n    1 | x\n      |  ^\n");
}

TEST(Render, LongLinesAreCutAroundTheCaret) {
  std::string line(5000, 'a');
  line.replace(3000, 4, "HERE");
  const std::string text = render({{"a", 1, 3001, 4}, "m", ""}, line);
  EXPECT_LT(text.size(), 400u);
  const auto at = text.find("HERE");
  ASSERT_NE(at, std::string::npos);
  const auto line_start = text.rfind('\n', at);
  const auto caret = text.find('^');
  EXPECT_EQ(caret - text.rfind('\n', caret), at - line_start);
}

TEST(Render, LongLinesOfBrokenCharacters) {
  const std::string line(5000, '\xa6');
  EXPECT_NE(render({{"a", 1, 3001, 1}, "m", ""}, line).find("a:1:3001"),
            std::string::npos);
}

TEST(Render, ControlCharactersAreNotShown) {
  EXPECT_EQ(render({{"a", 1, 4, 1}, "m", ""}, "x\x1b[x"),
            "a:1:4: error: m\n    1 | x?[x\n      |    ^\n");
}

TEST(Nearest, FindsTheSmallestDistance) {
  EXPECT_EQ(nearest("sdterr", {"stdout", "stderr"}), "stderr");
  EXPECT_EQ(nearest("hyde", {"hide", "run", "files"}), "hide");
  EXPECT_EQ(nearest("enoent", {"ENOENT", "ENOTDIR"}), "ENOENT");
}

TEST(Nearest, FallsBackToWhatBeginsTheName) {
  EXPECT_EQ(nearest("exit_code", {"see", "exit", "stdout"}), "exit");
  EXPECT_EQ(nearest("feat", {"tools", "features"}), "features");
  EXPECT_EQ(nearest("shell", {"sh"}), "");
}

TEST(Nearest, SaysNothingWhenAllIsFar) {
  EXPECT_EQ(nearest("frobnicate", {"run", "files"}), "");
  EXPECT_EQ(nearest("c", {"a", "b"}), "");
  EXPECT_EQ(nearest("", {"a"}), "");
  EXPECT_EQ(nearest(std::string(100'000, 'x'), {"x"}), "");
}

}  // namespace
}  // namespace driftcage::scenario
