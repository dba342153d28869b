// SPDX-License-Identifier: Apache-2.0
// What needs no cage: help, mistakes, lists.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/cli/command.h"

namespace driftcage::cli_test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr const char* kTiny = R"(schema = 1
id     = "tiny/hidden"
title  = "A file that is not there"
tags   = ["tiny"]
run    = ["cat", "data.txt"]

[files]
"data.txt" = "here\n"

[[fault]]
id   = "no-data"
hide = ["$WORK/data.txt"]

[expect]
exit = 1
see  = ["open $WORK/data.txt = ENOENT by cat"]

[[fix]]
id   = "put-it-back"
say  = "Put the file back."
lift = ["no-data"]
)";

using Screens = Project;

class Help : public ::testing::TestWithParam<const char*> {};

TEST_P(Help, IsComplete) {
  const std::string command = GetParam();
  const Outcome outcome =
      command.empty() ? driftcage({"--help"}) : driftcage({command, "--help"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.err, IsEmpty());
  EXPECT_THAT(outcome.out, HasSubstr("Examples:\n  "));
  expect_golden("help" + (command.empty() ? "" : "-" + command), outcome.out);
}

INSTANTIATE_TEST_SUITE_P(
    Commands, Help,
    ::testing::Values("", "run", "list", "plan", "report", "rerun", "judge",
                      "mutate", "watch", "shell", "diff", "merge", "check",
                      "new", "mine", "accept", "trace", "explain", "learn",
                      "catalogue", "faults", "schema", "compare", "image",
                      "doctor", "completion", "manual"));

TEST_F(Screens, EveryImageCommandHasExamples) {
  for (const char* command :
       {"list", "build", "pull", "import", "inspect", "verify", "rm", "gc"}) {
    const Outcome outcome = driftcage({"image", command, "--help"});
    EXPECT_EQ(outcome.code, 0) << command;
    EXPECT_THAT(outcome.out,
                HasSubstr(std::string("Usage: driftcage image ") + command));
    EXPECT_THAT(outcome.out, HasSubstr("Examples:\n  driftcage image "))
        << command;
  }
}

TEST_F(Screens, AGroupNamesTheNearestOfItsCommands) {
  const Outcome outcome = driftcage({"image", "bild", "x"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("image has no command \"bild\""));
  EXPECT_THAT(outcome.err, HasSubstr("did you mean \"build\"?"));
  EXPECT_EQ(driftcage({"image"}).code, 2);
}

TEST_F(Screens, Version) {
  const Outcome outcome = driftcage({"--version"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.out, ::testing::MatchesRegex("driftcage [0-9.]+\n"));
}

TEST_F(Screens, HelpIsAlsoAWord) {
  EXPECT_EQ(driftcage({"help", "run"}).out, driftcage({"run", "--help"}).out);
  EXPECT_EQ(driftcage({"help"}).out, driftcage({"--help"}).out);
}

TEST_F(Screens, NoCommandShowsHelpAsAnError) {
  const Outcome outcome = driftcage({});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_THAT(outcome.err, HasSubstr("Commands:"));
}

TEST_F(Screens, AnUnknownCommandNamesTheNearest) {
  const Outcome outcome = driftcage({"lst"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.err,
            "driftcage: error: there is no command \"lst\"\n"
            "  hint: did you mean \"list\"?\n");
}

TEST_F(Screens, AnUnknownOptionNamesTheNearest) {
  const Outcome outcome = driftcage({"run", "--imgae=host"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.err,
            "driftcage: error: run has no option \"--imgae\"\n"
            "  hint: did you mean \"--image\"?\n");
}

TEST_F(Screens, AWrongValueSaysWhatIsAccepted) {
  const Outcome outcome = driftcage({"run", "-j", "0"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("not in range"));
  EXPECT_THAT(outcome.err, HasSubstr("hint: see driftcage run --help"));
}

TEST_F(Screens, TraceWithoutTheMarkSaysWhereItGoes) {
  const Outcome outcome = driftcage({"trace", "go", "build"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("driftcage trace -- go"));
}

TEST_F(Screens, ListIsATable) {
  write("scenarios/tiny/hidden.toml", kTiny);
  const Outcome outcome = driftcage({"list"}, here());
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "tiny/hidden  A file that is not there\n");
}

TEST_F(Screens, ListAsJson) {
  write("scenarios/tiny/hidden.toml", kTiny);
  const Outcome outcome = driftcage({"list", "--json"}, here());
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  const auto list = nlohmann::json::parse(outcome.out);
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0].at("id"), "tiny/hidden");
  EXPECT_EQ(list[0].at("file"), "scenarios/tiny/hidden.toml");
  EXPECT_EQ(list[0].at("fixes")[0].at("id"), "put-it-back");
  EXPECT_EQ(list[0].at("weak"), false);
}

TEST_F(Screens, ListOfIdsReadsNoFile) {
  write("scenarios/tiny/hidden.toml", "not even TOML [");
  const Outcome outcome = driftcage({"list", "--ids"}, here());
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out, "tiny/hidden\n");
}

TEST_F(Screens, ListShowsTheGoodAndReportsTheBad) {
  write("scenarios/tiny/hidden.toml", kTiny);
  write("scenarios/tiny/broken.toml", "schema = 1\n");
  const Outcome outcome = driftcage({"list"}, here());
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.out, HasSubstr("tiny/hidden"));
  EXPECT_THAT(outcome.err, HasSubstr("scenarios/tiny/broken.toml:"));
}

TEST_F(Screens, AnEmptySelectionHasItsOwnCode) {
  write("scenarios/tiny/hidden.toml", kTiny);
  for (const char* command : {"run", "list", "check"}) {
    const Outcome outcome = driftcage({command, "tiny/hiden"}, here());
    EXPECT_EQ(outcome.code, 4) << command;
    EXPECT_EQ(outcome.err,
              "driftcage: error: no scenario is called: \"tiny/hiden\"\n"
              "  hint: did you mean \"tiny/hidden\"?\n");
  }
}

TEST_F(Screens, AFolderWithoutScenariosIsAnEmptySelection) {
  write("empty/README.md", "");
  const Outcome outcome = driftcage({"run", "./empty"}, here());
  EXPECT_EQ(outcome.code, 4);
  EXPECT_EQ(outcome.err,
            "driftcage: error: the folder holds no scenario: ./empty\n");
}

TEST_F(Screens, CheckAcceptsAGoodFile) {
  write("scenarios/tiny/hidden.toml", kTiny);
  const Outcome outcome = driftcage({"check", "tiny"}, here());
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "scenarios/tiny/hidden.toml: ok\n");
}

TEST_F(Screens, TheReadmesScenarioHasNoMistake) {
  const std::string readme =
      read_text(std::filesystem::path(DRIFTCAGE_SOURCE_DIR) / "README.md");
  const std::string fence = "```toml\n";
  const std::size_t begin = readme.find(fence) + fence.size();
  const std::size_t end = readme.find("```", begin);
  write("scenarios/go/path-missing-gcc.toml",
        readme.substr(begin, end - begin));
  const Outcome outcome = driftcage({"check"}, here());
  EXPECT_EQ(outcome.code, 0) << outcome.err;
}

TEST_F(Screens, CheckShowsEveryMistake) {
  write("scenarios/tiny/bad.toml",
        "schema = 1\n"
        "id     = \"tiny/other\"\n"
        "titel  = \"misspelled\"\n"
        "run    = [\"true\"]\n"
        "\n"
        "[expect]\n"
        "exit = \"sometimes\"\n"
        "see  = [\"opne /etc/passwd\"]\n");
  const Outcome outcome =
      driftcage({"check", "scenarios/tiny/bad.toml"}, here());
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.out, IsEmpty());
  expect_golden("check-mistakes", outcome.err);
}

TEST_F(Screens, RunRefusesAMistakeAndRunsNothing) {
  write("scenarios/tiny/hidden.toml", kTiny);
  write("scenarios/tiny/bad.toml", "schema = 1\n");
  const Outcome outcome = driftcage({"run"}, here());
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_THAT(outcome.err, HasSubstr("nothing was run"));
}

TEST_F(Screens, FaultsExplainsEachEffect) {
  const Outcome outcome = driftcage({"faults"});
  EXPECT_EQ(outcome.code, 0);
  const std::string lines = "\n" + outcome.out;
  for (const std::string key : {"env", "path.drop", "hide", "files", "chmod",
                                "mount", "limit.", "setup"})
    EXPECT_THAT(lines, HasSubstr("\n" + key));
  EXPECT_THAT(outcome.out, HasSubstr("\n    example: "));
}

TEST_F(Screens, SchemaIsJson) {
  const Outcome outcome = driftcage({"schema"});
  EXPECT_EQ(outcome.code, 0);
  const auto schema = nlohmann::json::parse(outcome.out);
  EXPECT_TRUE(schema.at("properties").contains("fault"));
}

TEST_F(Screens, DoctorNamesTheRung) {
  const Outcome text = driftcage({"doctor"});
  const Outcome json = driftcage({"doctor", "--json"});
  EXPECT_EQ(text.code, json.code);
  const auto document = nlohmann::json::parse(json.out);
  const std::string rung = document.at("rung");
  EXPECT_THAT(text.out,
              HasSubstr("\nrung: " + (rung.empty() ? "none" : rung) + "\n"));
  EXPECT_EQ(text.code, rung.empty() ? 3 : 0);
  EXPECT_FALSE(document.at("steps").empty());
}

TEST_F(Screens, AReaderThatLeavesEndsItQuietly) {
  // The shell's own reader has gone before the first byte is written.
  const Outcome outcome =
      execute({"bash", "-c",
               std::string("exec 3> >(:); wait $!; ") + DRIFTCAGE_PROGRAM +
                   " faults >&3; echo $?"});
  EXPECT_EQ(outcome.out, "141\n");
  EXPECT_THAT(outcome.err, IsEmpty());
}

TEST_F(Screens, OutputThatIsLostIsAnError) {
  const Outcome outcome = execute(
      {"sh", "-c", std::string(DRIFTCAGE_PROGRAM) + " faults >/dev/full"});
  EXPECT_EQ(outcome.code, 3);
  EXPECT_THAT(outcome.err, StartsWith("driftcage: error: write: standard "
                                      "output: No space left on device"));
}

TEST_F(Screens, WithoutAFolderOfScenariosItSaysWhatToDo) {
  write("empty/README.md", "");
  Setting setting = here();
  setting.set["DRIFTCAGE_SCENARIOS"] = (folder_ / "absent").string();
  const Outcome outcome = driftcage({"list"}, setting);
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("hint: DRIFTCAGE_SCENARIOS names it"));
}

}  // namespace
}  // namespace driftcage::cli_test
