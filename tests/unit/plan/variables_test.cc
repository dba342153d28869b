// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/variables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/plan/grounds.h"

namespace driftcage::plan {
namespace {

using testing::ElementsAre;

TEST(HealthyVariables, ComeFromTheImage) {
  const auto variables = healthy_variables(host_ground());
  EXPECT_EQ(variables.at("WORK"), "/work");
  EXPECT_EQ(variables.at("HOME"), "/home/cage");
  EXPECT_EQ(variables.at("TMP"), "/tmp");
  EXPECT_EQ(variables.at("GOROOT"), "/usr/lib/go-1.19");
  EXPECT_EQ(variables.at("LOADER"), "/lib64/ld-linux-x86-64.so.2");
  EXPECT_EQ(variables.at("PATH"), "/usr/local/bin:/usr/bin:/bin");
  // Unknown to this Go, but not to the format.
  EXPECT_EQ(variables.at("GOBIN"), "");
  EXPECT_FALSE(healthy_variables(ground_without_go()).contains("GOROOT"));
}

class ExpanderTest : public testing::Test {
 protected:
  std::string text(const std::string& given) {
    const auto result = expand_.text(given);
    return result ? *result : "error: " + result.error().hint;
  }
  std::map<std::string, std::string> variables_ =
      healthy_variables(host_ground());
  Expander expand_{variables_};
};

TEST_F(ExpanderTest, Text) {
  EXPECT_EQ(text("$WORK/a"), "/work/a");
  EXPECT_EQ(text("${WORK}a$HOME"), "/worka/home/cage");
  EXPECT_EQ(text("$$WORK"), "$WORK");
  EXPECT_EQ(text("5 $ and $1"), "5 $ and $1");
  EXPECT_EQ(text("$NOPE"), "error: unknown variable $NOPE");
}

TEST_F(ExpanderTest, ValueSpeaksOfTheEnvironmentFirst) {
  const std::map<std::string, std::string> environment{
      {"PATH", "/changed"}, {"LD_LIBRARY_PATH", "/l"}};
  EXPECT_EQ(*expand_.value("$WORK:$PATH", environment), "/work:/changed");
  EXPECT_EQ(*expand_.value("$LD_LIBRARY_PATH:/x", environment), "/l:/x");
  EXPECT_FALSE(expand_.value("$NOPE", environment));
}

TEST_F(ExpanderTest, RelativePathsLieInWork) {
  EXPECT_EQ(*expand_.path("a/b"), "/work/a/b");
  EXPECT_EQ(*expand_.path("/a//b/"), "/a/b");
  EXPECT_EQ(*expand_.path("$GOROOT/pkg"), "/usr/lib/go-1.19/pkg");
}

TEST_F(ExpanderTest, CommandsButNotShellLines) {
  EXPECT_THAT(expand_.command({"$WORK/run", "$NOPE", "$$HOME"}),
              ElementsAre("/work/run", "$NOPE", "$HOME"));
  EXPECT_THAT(expand_.command({"/bin/sh", "-c", "echo $HOME"}),
              ElementsAre("/bin/sh", "-c", "echo $HOME"));
  EXPECT_THAT(expand_.command({"bash", "-c", "echo $PATH", "x"}),
              ElementsAre("bash", "-c", "echo $PATH", "x"));
}

TEST(Expander, RemembersWhatAnImageWithoutGoLacks) {
  const auto variables = healthy_variables(ground_without_go());
  Expander expand(variables);
  EXPECT_EQ(*expand.text("$WORK"), "/work");
  EXPECT_EQ(expand.missing(), "");
  EXPECT_EQ(*expand.text("$GOCACHE/x"), "/x");
  EXPECT_EQ(expand.missing(), "GOCACHE");
}

}  // namespace
}  // namespace driftcage::plan
