// SPDX-License-Identifier: Apache-2.0
#include "harness/report/explain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace driftcage::report {
namespace {

using testing::HasSubstr;
using testing::Not;

scenario::Scenario one(const std::string& id, const std::string& title,
                       const std::string& pattern, bool regex = false) {
  scenario::Scenario scenario;
  scenario.id = id;
  scenario.title = title;
  scenario::OutputPattern output;
  output.text = pattern;
  output.regex = regex;
  scenario.expect.leg.output = {output};
  return scenario;
}

std::vector<scenario::Scenario> some() {
  return {one("go/gcc", "no C compiler on PATH",
              R"(exec: "[^"]*gcc": executable file not found in \$PATH)", true),
          one("go/git", "no git on PATH",
              R"(exec: "git": executable file not found in \$PATH)", true),
          one("go/tmp", "temporary folder is full",
              "link: mapping output file failed: no space left on device"),
          one("go/root", "GOROOT is gone",
              "cannot find GOROOT directory: /opt/go-that-was")};
}

std::string best(const std::string& message) {
  const auto scenarios = some();
  const auto found = find_message(scenarios, message);
  return found.empty() ? "" : found.front().scenario->id;
}

TEST(FindMessage, ByPattern) {
  EXPECT_EQ(best("# runtime/cgo\ncgo: C compiler \"gcc\" not found: exec: "
                 "\"gcc\": executable file not found in $PATH"),
            "go/gcc");
  EXPECT_EQ(best("go: exec: \"git\": executable file not found in $PATH"),
            "go/git");
}

// Paths and numbers of somebody's machine are not those of the scenario.
TEST(FindMessage, ByItsRareWords) {
  EXPECT_EQ(best("go: cannot find GOROOT directory: /usr/local/go1.99"),
            "go/root");
  EXPECT_EQ(best("/x/link: mapping output file failed"), "go/tmp");
}

// Other shells and other versions say it in other words.
TEST(FindMessage, BySymptomsThatPeopleReport) {
  auto scenarios = some();
  scenarios[3].symptoms = {"go: command not found"};
  const auto found = find_message(scenarios, "sudo: go: command not found", 1);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].scenario->id, "go/root");
  EXPECT_EQ(found[0].exact, 21u);
  for (const auto& one : find_message(scenarios, "cargo: command not found")) {
    EXPECT_EQ(one.exact, 0u);
  }
}

// The program that go built has another name at the reader's.
TEST(FindMessage, OfAnyProgramInThePlaceOfTheScenarios) {
  std::vector<scenario::Scenario> scenarios{
      one("go/noexec", "noexec", R"(/b001/exe/t: permission denied)", true)};
  const std::string message = "fork/exec /tmp/b001/exe/app: permission denied";
  EXPECT_EQ(find_message(scenarios, message, 1)[0].exact, 0u);
  scenarios[0].baseline.files = {{"go.mod", "module x.example/t\n", {}, {}}};
  EXPECT_GT(find_message(scenarios, message, 1)[0].exact, 0u);
}

TEST(FindMessage, TheLongerIsKnownBetter) {
  std::vector<scenario::Scenario> scenarios{
      one("any", "a file", "No such file or directory"),
      one("script", "a script", "bad interpreter: No such file or directory")};
  const auto found = find_message(
      scenarios,
      "./up.sh: /bin/sh^M: bad interpreter: No such file or directory", 2);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].scenario->id, "script");
}

TEST(FindMessage, NothingForStrangers) {
  EXPECT_EQ(best("segmentation fault"), "");
  EXPECT_EQ(best("/opt/go-that-was 123"), "");
  EXPECT_EQ(best(""), "");
}

TEST(FindMessage, KeepsTheBestFew) {
  const auto scenarios = some();
  const auto found =
      find_message(scenarios, "executable file not found in $PATH", 1);
  EXPECT_EQ(found.size(), 1u);
}

TEST(Advice, SaysWhatHelpsAndWhatDoesNot) {
  scenario::Scenario scenario = some()[0];
  scenario.about = "A long story.\nIn two lines.";
  scenario.refs = {"golang/go#1"};
  scenario::Fix right;
  right.say = "Install it.";
  scenario::Fix wrong;
  wrong.say = "Tempting.";
  wrong.wrong = true;
  scenario.fixes = {wrong, right};
  EXPECT_EQ(advice_text(scenario, 60),
            "go/gcc  no C compiler on PATH\n\n"
            "  A long story. In two lines.\n\n"
            "  helps\n    Install it.\n\n"
            "  does not help\n    Tempting.\n\n"
            "  reported  golang/go#1\n\n"
            "  see it    driftcage run go/gcc -v\n");
}

TEST(Advice, WrapsAtTheWidth) {
  scenario::Scenario scenario = some()[0];
  scenario.about = "one two three four five six seven eight nine ten";
  const std::string text = advice_text(scenario, 20);
  EXPECT_THAT(text, HasSubstr("  one two three four\n  five six seven\n"));
  EXPECT_THAT(text, Not(HasSubstr("does not help")));
}

}  // namespace
}  // namespace driftcage::report
