// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <map>
#include <string>
#include <vector>

#include "harness/scenario/parser.h"
#include "tests/unit/scenario/examples.h"

// Files that are more, or less, than one scenario: matrix, include, waivers.
namespace driftcage::scenario {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

std::vector<Scenario> all_of(const std::string& part) {
  const std::string text = complete(part);
  auto result = parse_all(text, "s.toml");
  if (result) return *result;
  for (const Diagnostic& mistake : result.error()) {
    ADD_FAILURE() << render(mistake, text);
  }
  return {};
}

std::vector<std::string> ids(const std::vector<Scenario>& scenarios) {
  std::vector<std::string> list;
  for (const Scenario& scenario : scenarios) list.push_back(scenario.id);
  return list;
}

TEST(Matrix, IsEveryCombination) {
  const auto all = all_of(
      "[matrix]\nold = ['1.21', '1.22']\nnew = ['1.22', '1.23']\n"
      "skip = [{ old = '1.22', new = '1.22' }]\n");
  EXPECT_THAT(ids(all), ElementsAre("a/b[1.21,1.22]", "a/b[1.21,1.23]",
                                    "a/b[1.22,1.23]"));
}

TEST(Matrix, FillsKeysAndTexts) {
  const auto all = all_of(
      "sh = 'echo ${go} ${shell}'\n"
      "[matrix]\ngo = ['1.21', 'a/b']\nname = 'go-${go}'\n"
      "[env]\n'X_${go}' = '$HOME/${go}'\n"
      "[files]\n'go.mod' = 'go ${go} ${other}'\n");
  ASSERT_EQ(all.size(), 2u);
  // A folder per id: no slash.
  EXPECT_THAT(ids(all), ElementsAre("a/b[go-1.21]", "a/b[go-a_b]"));
  EXPECT_EQ(all[0].run.back(), "echo 1.21 ${shell}");
  EXPECT_EQ(*all[1].baseline.files[0].text, "go a/b ${other}");
}

TEST(Matrix, MistakesOfCombinationsStandOnce) {
  const auto result = parse_all(
      complete("user = 'nobdy'\n[matrix]\ngo = ['1.21', '1.22']\n"), "s.toml");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().size(), 1u);
}

// Included files by their path.
ParseOptions files(const std::map<std::string, std::string>& texts) {
  ParseOptions options;
  options.read_file =
      [texts](const std::string& path) -> base::Result<std::string> {
    const auto found = texts.find(path);
    if (found == texts.end()) return base::fail("open", path, ENOENT);
    return found->second;
  };
  return options;
}

TEST(Include, OwnKeysWinAndTablesMerge) {
  const auto result =
      parse(complete("include = ['../_lib/x.toml']\ntags = ['own']\n"
                     "[env]\nA = 'own'\n"),
            "dir/go/s.toml",
            files({{"dir/_lib/x.toml",
                    "tags = ['theirs']\ntimeout = '5s'\n"
                    "[env]\nA = 'theirs'\nB = 'theirs'\n"}}));
  ASSERT_TRUE(result) << result.error()[0].message;
  EXPECT_THAT(result->tags, ElementsAre("own"));
  EXPECT_EQ(result->timeout_ms, 5000u);
  EXPECT_THAT(result->baseline.env,
              ElementsAre(Pair("A", "own"), Pair("B", "theirs")));
}

TEST(Include, LaterFilesWinAndNest) {
  const auto result =
      parse(complete("include = ['a.toml', 'b.toml']\n"), "s.toml",
            files({{"./a.toml", "umask = '011'\nuser = 'root'\n"},
                   {"./b.toml", "include = ['sub/c.toml']\numask = '022'\n"},
                   {"./sub/c.toml", "umask = '033'\nnet = 'none'\n"},
                   {"a.toml", "umask = '011'\nuser = 'root'\n"},
                   {"b.toml", "include = ['sub/c.toml']\numask = '022'\n"},
                   {"sub/c.toml", "umask = '033'\nnet = 'none'\n"}}));
  ASSERT_TRUE(result) << result.error()[0].message;
  EXPECT_EQ(result->baseline.umask, 022u);
  EXPECT_EQ(result->baseline.user, "root");
  EXPECT_EQ(result->baseline.net, model::Network::None);
}

std::string mistake_of(const std::string& part, const ParseOptions& options) {
  const std::string text = complete(part);
  const auto result = parse(text, "d/s.toml", options);
  if (result) return "none";
  EXPECT_EQ(result.error().size(), 1u);
  return render(result.error()[0], text);
}

TEST(Include, MistakesShowTheFileTheyAreIn) {
  const ParseOptions options =
      files({{"d/a.toml", "# a comment\nuser = 'nobdy'\n"},
             {"d/broken.toml", "user = \n"},
             {"d/loop.toml", "include = ['loop.toml']\n"},
             {"d/1.toml", "include = ['2.toml']\n"},
             {"d/2.toml", "include = ['3.toml']\n"},
             {"d/3.toml", "include = ['4.toml']\n"},
             {"d/4.toml", "user = 'root'\n"},
             {"d/fix.toml", "[[fix]]\nid = 'x'\nlift = ['nothing']\n"}});
  EXPECT_THAT(mistake_of("include = ['a.toml']\n", options),
              HasSubstr("d/a.toml:2:9: error: unknown user \"nobdy\"\n"
                        "    2 | user = 'nobdy'\n"));
  EXPECT_THAT(mistake_of("include = ['broken.toml']\n", options),
              HasSubstr("d/broken.toml:1:8: error: TOML"));
  EXPECT_THAT(mistake_of("include = ['none.toml']\n", options),
              HasSubstr("d/s.toml:5:12: error: open: d/none.toml"));
  EXPECT_THAT(mistake_of("include = ['loop.toml']\n", options),
              HasSubstr("d/s.toml:5:12: error: d/loop.toml includes itself"));
  EXPECT_THAT(mistake_of("include = ['1.toml']\n", options),
              HasSubstr("more than 3 deep"));
  // What only shows with everything together points to the include.
  EXPECT_THAT(mistake_of("include = ['fix.toml']\n", options),
              HasSubstr("d/s.toml:5:12: error: no fault is called"));
}

TEST(Waivers, AreExpectedFailures) {
  const auto waivers = parse_waivers(
      "schema = 1\n[[waiver]]\nid = 'go/cgo-*'\nwhy = 'no gcc yet'\n"
      "until = 2027-03-01\nimage = 'slim*'\nissue = 'x#1'\nstrict = false\n"
      "[waiver.when]\nlibc = 'musl'\n",
      "w.toml");
  ASSERT_TRUE(waivers) << waivers.error()[0].message;
  ASSERT_EQ(waivers->size(), 1u);
  const Waiver& waiver = waivers->front();
  EXPECT_EQ(waiver.id, "go/cgo-*");
  EXPECT_EQ(waiver.xfail.why, "no gcc yet");
  EXPECT_EQ(waiver.xfail.until, "2027-03-01");
  EXPECT_EQ(waiver.xfail.image, "slim*");
  EXPECT_EQ(waiver.xfail.issue, "x#1");
  EXPECT_EQ(waiver.xfail.when.libc, "musl");
  EXPECT_FALSE(waiver.xfail.strict);
}

TEST(Waivers, NeedAReasonAndADate) {
  const auto waivers =
      parse_waivers("schema = 1\n[[waiver]]\nid = 'x'\n", "w.toml");
  ASSERT_FALSE(waivers);
  ASSERT_EQ(waivers.error().size(), 2u);
  EXPECT_EQ(waivers.error()[0].message, "the key why is missing in waiver");
  EXPECT_EQ(waivers.error()[1].message, "the key until is missing in waiver");
}

}  // namespace
}  // namespace driftcage::scenario
