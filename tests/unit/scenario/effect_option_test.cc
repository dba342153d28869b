// SPDX-License-Identifier: Apache-2.0
#include "harness/scenario/effect_option.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "harness/scenario/parser.h"

namespace driftcage::scenario {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> lines(const std::vector<GivenEffect>& given) {
  const auto made = effect_lines(given);
  EXPECT_TRUE(made) << made.error().message();
  return made.value_or(std::vector<std::string>());
}

TEST(EffectOption, EveryEffectHasOne) {
  std::vector<std::string> names;
  for (const EffectOption& option : effect_options()) {
    names.push_back(option.name);
  }
  for (const EffectInfo& effect : effects()) {
    std::string name = effect.key;
    std::replace(name.begin(), name.end(), '.', '-');
    EXPECT_THAT(names, ::testing::Contains(name));
  }
}

TEST(EffectOption, Values) {
  EXPECT_THAT(lines({{"env", "A=b=c"}}), ElementsAre("env.A = \"b=c\""));
  EXPECT_THAT(lines({{"unset", "A"}}), ElementsAre("env.A = false"));
  EXPECT_THAT(lines({{"chmod", "$WORK/x:0000"}}),
              ElementsAre("chmod.\"$WORK/x\" = \"0000\""));
  EXPECT_THAT(lines({{"limit-nofile", "16"}}),
              ElementsAre("limit.nofile = 16"));
  EXPECT_THAT(lines({{"symlink", "a:b"}}),
              ElementsAre("files.a = { symlink = \"b\" }"));
  EXPECT_THAT(lines({{"setup", "rm x"}, {"setup", "rm y"}}),
              ElementsAre("setup.sh = \"rm x && rm y\""));
}

TEST(EffectOption, RepeatedListsAreOne) {
  EXPECT_THAT(lines({{"path-drop", "gcc"}, {"path-drop", "cc"}}),
              ElementsAre("path.drop = [\"gcc\", \"cc\"]"));
  EXPECT_THAT(lines({{"inject", "clone3:EPERM"}, {"inject", "openat:EIO:/x"}}),
              ElementsAre("inject = [{ call = \"clone3\", errno = \"EPERM\" }, "
                          "{ call = \"openat\", errno = \"EIO\", path = "
                          "\"/x\" }]"));
}

TEST(EffectOption, PartsOfAMount) {
  EXPECT_THAT(lines({{"mount", "/tmp:noexec,size=64KiB,inodes=9"}}),
              ElementsAre("mount.\"/tmp\" = { noexec = true, size = "
                          "\"64KiB\", inodes = 9 }"));
  EXPECT_THAT(lines({{"mount", "/opt:from=dir:/srv@/go"}}),
              ElementsAre("mount.\"/opt\" = { from = { image = \"dir:/srv\", "
                          "path = \"/go\" } }"));
}

TEST(EffectOption, APartThatIsMissingIsAnError) {
  for (const GivenEffect& given :
       std::vector<GivenEffect>{{"env", "A"},
                                {"chmod", "/x"},
                                {"limit-nofile", "many"},
                                {"inject", "openat"},
                                {"hide", ""},
                                {"no-such", "x"}}) {
    EXPECT_FALSE(effect_lines({given})) << given.first;
  }
}

// The forms and the format are one: what an option makes, the parser accepts.
TEST(EffectOption, TheParserReadsThem) {
  std::string text =
      "schema = 1\nid = \"a/b\"\ntitle = \"t\"\nrun = [\"x\"]\n[[fault]]\n"
      "id = \"f\"\n";
  for (const std::string& line :
       lines({{"env", "A=b"},        {"unset", "B"},
              {"path-drop", "gcc"},  {"path-prepend", "/x"},
              {"hide", "/y"},        {"files", "f:text"},
              {"symlink", "l:f"},    {"chmod", "/x:0000"},
              {"truncate", "/x:0B"}, {"corrupt", "/x:offset=1,length=2"},
              {"mount", "/tmp:ro"},  {"limit-nofile", "16"},
              {"limit-as", "1MiB"},  {"user", "nobody"},
              {"umask", "077"},      {"net", "none"},
              {"proc", "none"},      {"dev-drop", "null"},
              {"clock", "+1d"},      {"cache", "cold"},
              {"setup", "true"},     {"inject", "clone3:EPERM"}})) {
    text += line + "\n";
  }
  const auto parsed = parse(text + "[expect]\nexit = 1\n", "x.toml");
  ASSERT_TRUE(parsed) << text << parsed.error()[0].message;
}

}  // namespace
}  // namespace driftcage::scenario
