// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "harness/scenario/parser.h"
#include "tests/unit/scenario/examples.h"

namespace driftcage::scenario {
namespace {

bool updating() { return std::getenv("DRIFTCAGE_UPDATE") != nullptr; }

void write_text(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

// "line:column message (hint)" of every mistake, counted from the example.
std::string mistakes_of(const std::string& part) {
  const auto result = parse(complete(part), "s.toml");
  if (result) return "none\n";
  std::string text;
  for (const Diagnostic& found : result.error()) {
    EXPECT_EQ(found.at.file, "s.toml");
    const int line =
        static_cast<int>(found.at.line) - static_cast<int>(kHeadLines);
    text += fmt::format("{}:{} {}", line, found.at.column, found.message);
    if (!found.hint.empty()) text += fmt::format(" ({})", found.hint);
    text += '\n';
  }
  return text;
}

// Each example of mistakes.txt gives exactly the mistakes listed below it.
TEST(Mistakes, EachIsFoundAtItsPlace) {
  const auto examples = read_examples("mistakes.txt");
  ASSERT_GT(examples.size(), 80u);
  std::string updated =
      "Parts of scenario files, each with the mistakes that the parser must "
      "find in it.\nHow they are completed: examples.cc. After a deliberate "
      "change of a message, run\nthis test with DRIFTCAGE_UPDATE=1 and read "
      "the difference.\n";
  for (const Example& example : examples) {
    const std::string found = mistakes_of(example.text);
    if (!updating()) {
      EXPECT_EQ(found, example.expected) << example.title;
    }
    EXPECT_NE(found, "none\n") << example.title;
    updated +=
        fmt::format("== {}\n{}--\n{}", example.title, example.text, found);
  }
  if (updating()) {
    write_text(source_path("tests/unit/scenario/mistakes.txt"), updated);
  }
}

// One file with everything wrong: all of it at once, as people see it.
TEST(Mistakes, AllOfAFileAtOnce) {
  const std::string path = source_path("tests/unit/scenario/all_wrong.toml");
  const std::string text = read_text(path);
  const auto result = parse(text, "all_wrong.toml");
  ASSERT_FALSE(result);
  std::string shown;
  for (const Diagnostic& found : result.error()) shown += render(found, text);
  const std::string golden =
      source_path("tests/unit/scenario/all_wrong.golden.txt");
  if (updating()) write_text(golden, shown);
  EXPECT_EQ(shown, read_text(golden));
  EXPECT_GT(result.error().size(), 50u);
}

TEST(Mistakes, AreInTheOrderOfTheFile) {
  const auto result =
      parse(read_text(source_path("tests/unit/scenario/all_wrong.toml")), "f");
  ASSERT_FALSE(result);
  for (std::size_t i = 1; i < result.error().size(); ++i) {
    EXPECT_LE(result.error()[i - 1].at.line, result.error()[i].at.line);
  }
}

TEST(Mistakes, IdAgainstPlace) {
  const std::string text = complete("");
  EXPECT_TRUE(parse(text, "f", {.expected_id = "a/b"}));
  const auto result = parse(text, "f", {.expected_id = "a/c"});
  ASSERT_FALSE(result);
  ASSERT_EQ(result.error().size(), 1u);
  EXPECT_EQ(render(result.error()[0], text),
            "f:2:6: error: the id does not match the file's place\n"
            "    2 | id = \"a/b\"\n"
            "      |      ^~~~~\n"
            "hint: here it is \"a/c\"\n");
}

}  // namespace
}  // namespace driftcage::scenario
