// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "harness/scenario/document.h"
#include "harness/scenario/parser.h"
#include "tests/unit/scenario/examples.h"

// Whatever the bytes are, parse() gives a scenario or mistakes that lie inside
// the text, and render() can show them.
namespace driftcage::scenario {
namespace {

void expect_sane(const std::string& text) {
  const auto result = parse(text, "f");
  if (result) return;
  ASSERT_FALSE(result.error().empty());
  const auto lines = 1 + static_cast<std::uint32_t>(
                             std::count(text.begin(), text.end(), '\n'));
  for (const Diagnostic& mistake : result.error()) {
    ASSERT_GE(mistake.at.line, 1u);
    ASSERT_LE(mistake.at.line, lines);
    ASSERT_GE(mistake.at.column, 1u);
    ASSERT_FALSE(mistake.message.empty());
    ASSERT_LT(render(mistake, text).size(),
              4000u + mistake.message.size() + mistake.hint.size());
  }
}

std::vector<std::string> corpus() {
  std::vector<std::string> texts;
  for (const Example& example : read_examples("valid.txt")) {
    texts.push_back(complete(example.text));
  }
  for (const std::string& path : shipped_scenarios()) {
    texts.push_back(read_text(path));
  }
  texts.push_back(read_text(source_path("tests/unit/scenario/all_wrong.toml")));
  return texts;
}

TEST(Robustness, EveryPrefix) {
  for (const std::string& text : corpus()) {
    // A step that is no power of two meets every kind of place in the end.
    const std::size_t step = text.size() > 1200 ? 7 : 1;
    for (std::size_t size = 0; size < text.size(); size += step) {
      ASSERT_NO_FATAL_FAILURE(expect_sane(text.substr(0, size)));
    }
  }
}

TEST(Robustness, ChangedBytes) {
  std::mt19937 random(1);  // the same changes in every run
  const auto texts = corpus();
  const std::string bytes(
      "\0\n\r\t\"'[]{}=.,#$\\\x7f\x80\xc3\xff"
      "a0",
      23);
  for (int round = 0; round < 6000; ++round) {
    std::string text = texts[random() % texts.size()];
    for (int change = 0; change < 3; ++change) {
      const std::size_t at = random() % text.size();
      switch (random() % 3) {
        case 0:
          text[at] = bytes[random() % bytes.size()];
          break;
        case 1:
          text.insert(at, 1, bytes[random() % bytes.size()]);
          break;
        default:
          text.erase(at, 1 + random() % 9);
          break;
      }
      if (text.empty()) break;
    }
    ASSERT_NO_FATAL_FAILURE(expect_sane(text));
  }
}

std::string times(std::size_t count, std::string_view part) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += part;
  return text;
}

TEST(Robustness, DeepNesting) {
  const std::size_t deep = 100'000;
  expect_sane("a" + times(deep, ".a") + " = 1");
  expect_sane("[a" + times(deep, ".a") + "]");
  expect_sane("[[a" + times(deep, ".a") + "]]");
  expect_sane("a" + times(deep, " . 'a'") + " = 1");
  expect_sane("a = " + times(deep, "["));
  expect_sane("a = " + times(deep, "[") + times(deep, "]"));
  expect_sane("a = " + times(deep, "{a="));
  expect_sane("a = " + times(30, "[{a.a.a.a.a.a.a.a.a.a.a.a.a.a.a="));
  expect_sane(times(deep, "["));
  expect_sane(times(20'000, "[[fault]]\n"));
}

Diagnostic first_mistake(const std::string& text) {
  const auto result = parse(text, "f");
  EXPECT_FALSE(result) << text;
  return result ? Diagnostic{} : result.error()[0];
}

TEST(Robustness, DeepKeysAreNamed) {
  const Diagnostic deep = first_mistake("x = \"\"\"a.b\"\"\" # .....\nb" +
                                        times(20, ".a") + " = 1");
  EXPECT_EQ(deep.message, "TOML: the key has too many parts");
  EXPECT_EQ(deep.at.line, 2u);
  // Dots in texts are no parts, whatever the quotes around them.
  for (const char* quotes : {"'", "\"", "'''", "\"\"\""}) {
    const std::string text = quotes + times(99, "\\\\.") + quotes;
    EXPECT_EQ(first_mistake("x = " + text).message, "unknown key \"x\"");
  }
  const std::string more = "\"\"\"" + times(99, ".") + "\"\"\"\"\"";
  EXPECT_EQ(first_mistake("x = " + more).message, "unknown key \"x\"");
}

// The library would take the first for white space, and other letters lead it
// into undefined behaviour.
TEST(Robustness, OnlyTextsAndCommentsGoBeyondAscii) {
  for (const char* text : {"\xc2\xa0x = 1", "\xc3\xa9 = 1", "x = 1\xc3\xa9",
                           "[\xd0\x96]", "x.\xe3\x80\x80 = 1"}) {
    EXPECT_EQ(first_mistake(text).message,
              "TOML: only texts and comments may hold this character");
  }
  EXPECT_EQ(first_mistake("x = 1\xc3\xa9").at,
            (model::SourceRange{"f", 1, 6, 2}));
  EXPECT_TRUE(parse(complete("about = '\xc3\xa9' # \xc3\xa9\n"), "f"));
}

// A backslash at a line's end swallows white space, and nothing else.
TEST(Robustness, LettersAfterALineEndingBackslash) {
  const std::string letters = "\xc3\xa9\xd1\x8b\xe3\x80\x81";
  const auto result =
      parse(complete("about = \"\"\"a\\\n  " + letters + "\"\"\"\n"), "f");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->about, "a" + letters);
}

TEST(Robustness, LargeFilesAreRefused) {
  const auto result = parse(std::string(kMaxSource + 1, '\n'), "f");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error()[0].message, "the file is longer than 1 MiB");
}

TEST(Robustness, ManyMistakesAreCounted) {
  const auto result = parse(times(1000, "[[fault]]\nx = 1\n"), "f");
  ASSERT_FALSE(result);
  ASSERT_EQ(result.error().size(), 201u);
  // One per unknown key, one per missing id, and what the file itself lacks.
  EXPECT_EQ(result.error().back().message, "and 1805 more mistakes");
}

TEST(Robustness, OddBytes) {
  expect_sane("");
  expect_sane("\xef\xbb\xbf");
  expect_sane("\xef\xbb\xbfrnu = 1");
  expect_sane(std::string("\0", 1));
  expect_sane("a = \"\xff\xfe\"");
  expect_sane("\xc3");
  expect_sane("a = 99999999999999999999999999999999");
  expect_sane("a = 1e999999999");
  expect_sane("a = nan\nb = -inf");
  expect_sane("a = 0001-01-01T00:00:00Z\nb = 99:99:99");
  expect_sane("\"\" = 1\n\"\\u0000\" = 2");
}

// Windows line ends and a byte order mark change no place.
TEST(Robustness, PlacesWithOddLineEnds) {
  for (const char* text : {"a = 1\nrnu = 2\n", "a = 1\r\nrnu = 2\r\n",
                           "\xef\xbb\xbf"
                           "a = 1\r\nrnu = 2"}) {
    const auto result = parse(text, "f");
    ASSERT_FALSE(result);
    bool found = false;
    for (const Diagnostic& mistake : result.error()) {
      if (mistake.message != "unknown key \"rnu\"") continue;
      found = true;
      EXPECT_EQ(mistake.at, (model::SourceRange{"f", 2, 1, 3}));
    }
    EXPECT_TRUE(found);
  }
}

}  // namespace
}  // namespace driftcage::scenario
