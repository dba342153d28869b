// SPDX-License-Identifier: Apache-2.0
// What is done with scenarios as knowledge: their claims turned round, and
// failing commands recognized by them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/command.h"

namespace driftcage::cli_test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr const char* kScenario = R"(
schema = 1
id     = "tiny/a"
title  = "A file that is not there"
run    = ["cat", "data.txt"]
[files]
"data.txt" = "here\n"
[[fault]]
id   = "no-data"
hide = ["data.txt"]
[expect]
exit   = 1
stderr = "data.txt: No such file"
see    = ["open $WORK/data.txt = ENOENT by cat"]
[[fix]]
id   = "back"
say  = "Bring it back."
lift = ["no-data"]
)";

class Catalogue : public CageProject {
 protected:
  void SetUp() override {
    CageProject::SetUp();
    write("scenarios/tiny/a.toml", kScenario);
  }
};

TEST_F(Catalogue, EachFalseClaimTurnsACaseRed) {
  const Outcome outcome = driftcage({"mutate", "-q"}, here());
  EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("| `tiny/a` | 1/1 | 1/1 | 2/2 |\n"));
  EXPECT_THAT(outcome.err, IsEmpty());
}

// A second fault that does nothing of what is claimed.
TEST_F(Catalogue, AnIdleFaultSurvives) {
  write("scenarios/tiny/a.toml",
        std::string(kScenario) +
            "[[fault]]\nid = \"idle\"\nhide = [\"nothing\"]\n");
  const Outcome outcome = driftcage({"mutate", "-q"}, here());
  EXPECT_EQ(outcome.code, 1) << outcome.out << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("`tiny/a`: fault idle dropped: pass"));
}

TEST_F(Catalogue, AFailingCommandIsRecognized) {
  const Outcome outcome =
      driftcage({"explain", "--", "cat", "data.txt"}, here());
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("tiny/a  A file that is not there"));
  EXPECT_THAT(outcome.out, HasSubstr("Bring it back."));
  EXPECT_THAT(outcome.out, HasSubstr("seen      open $WORK/data.txt = ENOENT"));
  EXPECT_THAT(outcome.err, HasSubstr("No such file"));
}

TEST_F(Catalogue, ACommandThatNoScenarioKnows) {
  const Outcome outcome = driftcage({"explain", "--", "true"}, here());
  EXPECT_EQ(outcome.code, 4) << outcome.out;
  EXPECT_THAT(outcome.err, HasSubstr("no scenario knows"));
  EXPECT_EQ(driftcage({"explain", "text", "--", "true"}, here()).code, 2);
  // Shells begin their messages with a dash; options do not have blanks.
  EXPECT_EQ(driftcage({"explain", "-bash: zzz: qqq"}, here()).code, 4);
  EXPECT_EQ(driftcage({"explain", "-bash:", "zzz:", "qqq"}, here()).code, 4);
  EXPECT_EQ(driftcage({"explain", "zzz:", "qqq", "-lqqq"}, here()).code, 4);
  EXPECT_EQ(driftcage({"explain", "--hlep"}, here()).code, 2);
  EXPECT_EQ(driftcage({"explain", "--image=a:b"}, here()).code, 2);
}

// A project's own scenarios do not take the place of the shipped ones.
TEST_F(Catalogue, TheShippedCasesAreKnownEverywhere) {
  const Outcome known = driftcage(
      {"explain", "exec: \"gcc\": executable file not found in $PATH"}, here());
  EXPECT_EQ(known.code, 0) << known.err;
  EXPECT_THAT(known.out, StartsWith("go/path-missing-gcc  "));
  const Outcome words = driftcage({"explain", "zzz nothing qqq"}, here());
  EXPECT_EQ(words.code, 4);
  EXPECT_THAT(words.out, StartsWith("no scenario knows this message"));
  EXPECT_THAT(driftcage({"learn"}, here()).out, HasSubstr("level 1\n"));
}

}  // namespace
}  // namespace driftcage::cli_test
