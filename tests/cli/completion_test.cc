// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <map>
#include <sstream>
#include <string>

#include "tests/cli/command.h"
#include "tests/must_work.h"

namespace driftcage::cli_test {
namespace {

using ::testing::HasSubstr;

class Completion : public Project {
 protected:
  // What bash offers for a command line whose last word is unfinished.
  [[nodiscard]] std::string offered(const std::string& line) const {
    const std::string script = R"(
      . <("$0" completion bash)
      read -r -a COMP_WORDS <<<"$1"
      COMP_WORDS[0]=$0
      [[ $1 == *' ' ]] && COMP_WORDS+=('')
      COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
      _driftcage
      printf '%s\n' "${COMPREPLY[@]}")";
    const Outcome outcome =
        execute({"bash", "-c", script, DRIFTCAGE_PROGRAM, line}, here());
    EXPECT_EQ(outcome.err, "");
    return outcome.out;
  }
};

TEST_F(Completion, Commands) {
  EXPECT_EQ(offered("driftcage do"), "doctor\n");
  EXPECT_THAT(offered("driftcage "), HasSubstr("run\nlist\nplan\nreport\n"));
}

TEST_F(Completion, OptionsOfTheCommand) {
  EXPECT_EQ(offered("driftcage run --im"), "--image\n");
  EXPECT_EQ(offered("driftcage doctor --im"), "\n");
}

TEST_F(Completion, ValuesOfAnOption) {
  EXPECT_EQ(offered("driftcage run --color a"), "auto\nalways\n");
  EXPECT_EQ(offered("driftcage trace --engine "), "seccomp\nptrace\n");
}

TEST_F(Completion, WordsThatAreNoNames) {
  EXPECT_EQ(offered("driftcage rerun f"), "failed\n");
  EXPECT_EQ(offered("driftcage run --report ju"), "junit=\n");
  EXPECT_EQ(offered("driftcage trace --image ho"), "host\n");
}

TEST_F(Completion, IdsOfScenarios) {
  write("scenarios/go/one.toml", "");
  write("scenarios/go/two.toml", "");
  EXPECT_EQ(offered("driftcage run -v go/"), "go/one\ngo/two\n");
}

TEST_F(Completion, NamesOfRuns) {
  write("state/driftcage/runs/20260101-000000-aaaa/run.json", "{}");
  ::setenv("XDG_STATE_HOME", (folder_ / "state").c_str(), 1);
  EXPECT_EQ(offered("driftcage report 2"), "20260101-000000-aaaa\n");
  EXPECT_EQ(offered("driftcage shell 2"), "20260101-000000-aaaa\n");
  ::unsetenv("XDG_STATE_HOME");
}

TEST_F(Completion, CommandsOfAGroup) {
  EXPECT_EQ(offered("driftcage image b"), "build\n");
  EXPECT_EQ(offered("driftcage image build --mi"), "--mirror\n");
  EXPECT_EQ(offered("driftcage image gc --mi"), "\n");
}

TEST_F(Completion, NamesOfImages) {
  write("images/one.toml",
        "schema = 1\ntitle = \"t\"\npull = \"docker://x\"\n");
  EXPECT_EQ(offered("driftcage image build on"), "one\n");
  EXPECT_EQ(offered("driftcage run --image on"), "one\n");
}

TEST_F(Completion, ImagesAndScenariosToCompare) {
  write("images/one.toml",
        "schema = 1\ntitle = \"t\"\npull = \"docker://x\"\n");
  write("scenarios/onto.toml", "");
  EXPECT_THAT(offered("driftcage compare on"), HasSubstr("one\n"));
  EXPECT_THAT(offered("driftcage compare on"), HasSubstr("onto\n"));
}

TEST_F(Completion, ProgramsBehindTheMark) {
  EXPECT_THAT(offered("driftcage trace --all -- mkdi"), HasSubstr("mkdir\n"));
}

TEST_F(Completion, EffectsOfNewAreOptions) {
  EXPECT_EQ(offered("driftcage new --path-d"), "--path-drop\n");
  EXPECT_EQ(offered("driftcage new --net h"), "host\n");
  EXPECT_THAT(offered("driftcage new my/case -- mkdi"), HasSubstr("mkdir\n"));
}

TEST_F(Completion, EveryShellGetsEveryCommand) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const Outcome outcome = driftcage({"completion", shell});
    EXPECT_EQ(outcome.code, 0);
    for (const char* command :
         {"run", "list", "check", "trace", "new", "mine", "accept", "faults",
          "schema", "image", "doctor", "completion"})
      EXPECT_THAT(outcome.out, HasSubstr(command)) << shell;
  }
}

// Each shell reads its script without a word.
TEST_F(Completion, EveryShellReadsItsScript) {
  std::string absent;
  for (const auto& [shell, check] : std::map<std::string, std::string>{
           {"bash", "-n"}, {"zsh", "-n"}, {"fish", "--no-execute"}}) {
    if (execute({"sh", "-c", "command -v " + shell}).code != 0) {
      absent += " " + shell;
      continue;
    }
    const std::string file = (folder_ / shell).string();
    write(shell, driftcage({"completion", shell}).out);
    const Outcome outcome = execute({shell, check, file});
    EXPECT_EQ(outcome.code, 0) << shell << ": " << outcome.err;
    EXPECT_EQ(outcome.err, "") << shell;
  }
  DRIFTCAGE_SKIP_UNLESS_EMPTY(absent);
}

TEST_F(Completion, WordsAndNamesTogether) {
  EXPECT_THAT(driftcage({"completion", "zsh"}).out,
              HasSubstr("compadd -- failed missed all $(driftcage report"));
  EXPECT_THAT(driftcage({"completion", "fish"}).out,
              HasSubstr("-l report -r -a 'text="));
}

// A line end in a description would be shown, and zsh's end at a bracket.
TEST_F(Completion, DescriptionsAreWhole) {
  std::istringstream fish(driftcage({"completion", "fish"}).out);
  for (std::string line; std::getline(fish, line);)
    EXPECT_THAT(line, ::testing::AnyOf(::testing::StartsWith("complete "),
                                       ::testing::StartsWith("# ")));
  const std::string zsh = driftcage({"completion", "zsh"}).out;
  EXPECT_THAT(zsh,
              HasSubstr("this file, with another \\[expect\\]]:value:_files"));
}

TEST_F(Completion, AnotherShellIsAMistake) {
  const Outcome outcome = driftcage({"completion", "tcsh"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("bash"));
}

// Pages are made of the same definition as --help.
TEST_F(Completion, EveryCommandHasAManPage) {
  EXPECT_EQ(driftcage({"manual", "--into", "man"}, here()).code, 0);
  const Outcome run = driftcage({"manual", "run"}, here());
  EXPECT_THAT(run.out, HasSubstr(".TH DRIFTCAGE\\-RUN 1 "));
  EXPECT_THAT(run.out, HasSubstr(".B \\-\\-max\\-trace SIZE\n"));
  EXPECT_EQ(read_text(folder_ / "man/driftcage-run.1"), run.out);
  for (const char* name :
       {"driftcage", "driftcage-image-build", "driftcage-manual"}) {
    const std::string page =
        read_text(folder_ / "man" / (std::string(name) + ".1"));
    EXPECT_THAT(page, HasSubstr(".SH SYNOPSIS\n")) << name;
    EXPECT_THAT(page, HasSubstr(".SH EXAMPLES\n")) << name;
  }
  const Outcome none = driftcage({"manual", "rnu"}, here());
  EXPECT_EQ(none.code, 2);
  EXPECT_THAT(none.err, HasSubstr("find the command: \"rnu\""));
}

}  // namespace
}  // namespace driftcage::cli_test
