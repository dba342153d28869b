// SPDX-License-Identifier: Apache-2.0
// From a failing command to a scenario: new, mine, diff, accept, check --fix.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <utility>

#include "tests/cli/command.h"

namespace driftcage::cli_test {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

// Its claims follow.
const std::string kCase = R"(schema = 1
id     = "my/case"
title  = "Data that is gone"
run    = ["cat", "data.txt"]

[files]
"data.txt" = "here\n"

[[fault]]
id   = "gone"
hide = ["$WORK/data.txt"]

[expect]
)";

class Authoring : public CageProject {
 protected:
  void SetUp() override {
    CageProject::SetUp();
    write("data.txt", "here\n");
  }
  [[nodiscard]] Outcome run(std::vector<std::string> arguments) const {
    return driftcage(std::move(arguments), own());
  }
  [[nodiscard]] Outcome make() const {
    return run({"new", "my/case", "--hide", "$WORK/data.txt", "--with",
                "data.txt", "-o", "scenarios/my/case.toml", "--", "cat",
                "data.txt"});
  }
};

TEST_F(Authoring, NewWritesAScenarioThatPasses) {
  const Outcome made = make();
  ASSERT_EQ(made.code, 0) << made.err;
  EXPECT_THAT(made.err, HasSubstr("without its fault it is no-repro"));
  expect_golden("new-scenario", read_text(folder_ / "scenarios/my/case.toml"));
  const Outcome ran = run({"run", "my/case"});
  EXPECT_EQ(ran.code, 0) << ran.out << ran.err;
}

// The path of the C library that this very program has.
std::string c_library() {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    const std::size_t at = line.find('/');
    if (at != std::string::npos && line.find("/libc") != std::string::npos &&
        line.find("/libc++") == std::string::npos) {
      return line.substr(at);
    }
  }
  return {};
}

TEST_F(Authoring, NewTellsWhyALibraryWasRefused) {
  const std::string library = c_library();
  ASSERT_NE(library, "");
  // Of the header the magic number, and the machine.
  for (const auto& [offset, cause] :
       {std::pair("0", "not-elf"), std::pair("18", "wrong-arch")}) {
    const Outcome made =
        run({"new", "my/case", "--rounds", "1", "--corrupt",
             library + ":offset=" + offset + ",length=1", "--", "true"});
    EXPECT_EQ(made.code, 0) << made.err;
    EXPECT_THAT(
        made.out,
        ContainsRegex("load libc\\.[^ ]+ = " + std::string(cause) + "\""));
  }
}

TEST_F(Authoring, NewWritesOverNothing) {
  write("scenarios/my/case.toml", "kept\n");
  EXPECT_EQ(make().code, 2);
  EXPECT_EQ(read_text(folder_ / "scenarios/my/case.toml"), "kept\n");
}

TEST_F(Authoring, NewSaysWhenTheFaultChangesNothing) {
  const Outcome made =
      run({"new", "my/case", "--env", "UNUSED=1", "--", "true"});
  EXPECT_EQ(made.code, 1);
  EXPECT_EQ(made.out, "");
  EXPECT_THAT(made.err, HasSubstr("no event differs"));
}

TEST_F(Authoring, NewSaysWhenTheHealthyRunFails) {
  const Outcome made =
      run({"new", "my/case", "--env", "A=1", "--", "cat", "nowhere.txt"});
  EXPECT_EQ(made.code, 1);
  EXPECT_THAT(made.err, HasSubstr("nowhere.txt: No such file"));
}

TEST_F(Authoring, NewCompletesADraft) {
  write("draft.toml", R"(# Why it matters.
schema = 1
id     = "other/id"
title  = "Data that is gone"
run    = ["cat", "data.txt"]

[files]
"data.txt" = "here\n"

[[fault]]
id   = "gone"
hide = ["$WORK/data.txt"]

[expect]
exit = 77
)");
  const Outcome made = run({"new", "my/case", "--draft", "draft.toml"});
  ASSERT_EQ(made.code, 0) << made.err;
  EXPECT_THAT(made.out, HasSubstr("# Why it matters."));
  EXPECT_THAT(made.out, HasSubstr("id     = \"my/case\""));
  EXPECT_THAT(made.out, Not(HasSubstr("77")));
}

TEST_F(Authoring, NewTakesAFaultFromAStraceLog) {
  write("report.log",
        "execve(\"/usr/bin/cat\", [\"cat\", \"/etc/passwd\"], 0x7f /* 9 vars "
        "*/) = 0\n"
        "openat(AT_FDCWD, \"/etc/passwd\", O_RDONLY) = -1 ENOENT (No such "
        "file or directory)\n");
  const Outcome made = run({"new", "my/case", "--from-strace", "report.log"});
  ASSERT_EQ(made.code, 0) << made.err;
  EXPECT_THAT(made.out, HasSubstr("hide = [\"/etc/passwd\"]"));
  EXPECT_THAT(made.out, HasSubstr("open /etc/passwd = ENOENT"));
  write("report.log", "no log\n");
  EXPECT_EQ(run({"new", "my/case", "--from-strace", "report.log"}).code, 2);
}

TEST_F(Authoring, NewTakesAFaultFromADockerfile) {
  write("Dockerfile",
        "FROM x\nRUN apt-get remove y && rm /etc/passwd\n"
        "CMD [\"cat\", \"/etc/passwd\"]\n");
  const Outcome made =
      run({"new", "my/case", "--from-dockerfile", "Dockerfile"});
  ASSERT_EQ(made.code, 0) << made.err;
  EXPECT_THAT(made.err, HasSubstr("left out: line 2: RUN apt-get remove y"));
  EXPECT_THAT(made.out, HasSubstr("hide = [\"/etc/passwd\"]"));
}

TEST_F(Authoring, ADockerfileThatIsNoneShowsNoControlCharacters) {
  std::string text;
  for (int i = 0; i < 30; ++i) text += "\x1b[31mRED" + std::to_string(i) + "\n";
  write("Dockerfile", text);
  const Outcome made =
      run({"new", "my/case", "--from-dockerfile", "Dockerfile"});
  EXPECT_EQ(made.code, 2);
  EXPECT_THAT(made.err, Not(HasSubstr("\x1b")));
  EXPECT_THAT(made.err, HasSubstr("and 10 lines more"));
}

TEST_F(Authoring, NewTakesAFaultFromAShell) {
  Setting setting = own();
  setting.input =
      "ls\nrm data.txt\nrm nothing\n\ncd /tmp\nmkdir there\n"
      "export WHY=drift\nexit\n";
  const Outcome made = driftcage(
      {"new", "my/case", "-i", "--with", "data.txt", "--", "cat", "data.txt"},
      setting);
  ASSERT_EQ(made.code, 0) << made.err;
  EXPECT_THAT(made.out, HasSubstr("rm data.txt"));
  EXPECT_THAT(made.out, HasSubstr("(cd /tmp && mkdir there)"));
  EXPECT_THAT(made.err, HasSubstr("left out, it ended with 1: rm nothing"));
  EXPECT_THAT(made.out, Not(HasSubstr("nothing")));
  EXPECT_THAT(made.out, HasSubstr("env.WHY  = \"drift\""));
}

TEST_F(Authoring, AMistakeInAnEffectIsShownInItsPlace) {
  const Outcome made =
      run({"new", "my/case", "--mount", "/tmp:noexce", "--", "true"});
  EXPECT_EQ(made.code, 2);
  EXPECT_THAT(made.err, HasSubstr("did you mean \"noexec\"?"));
}

TEST_F(Authoring, DiffAndMineTellTheLegsApart) {
  ASSERT_EQ(make().code, 0);
  const Outcome legs = run({"diff", "latest/my/case"});
  EXPECT_EQ(legs.code, 0) << legs.err;
  EXPECT_THAT(legs.out, HasSubstr("- open $WORK/data.txt = ok by cat\n"));
  EXPECT_THAT(legs.out, HasSubstr("+ open $WORK/data.txt = ENOENT by cat\n"));
  EXPECT_THAT(legs.out, HasSubstr("- exit 0\n+ exit 1\n"));
  const Outcome ranked = run({"mine", "latest/my/case"});
  EXPECT_EQ(ranked.code, 0) << ranked.err;
  EXPECT_THAT(ranked.out,
              HasSubstr("see   = [\"open $WORK/data.txt = ENOENT\"]"));
}

TEST_F(Authoring, AcceptChangesGoldenPartsInPlace) {
  write("scenarios/my/case.toml", kCase + R"(exit   = 7              # of cat
stderr = ["is absent"]  # the message
see    = ["open $WORK/data.txt = ENOENT by cat"]
)");
  ASSERT_EQ(run({"run", "my/case"}).code, 1);
  const Outcome accepted = run({"accept", "latest/my/case"});
  ASSERT_EQ(accepted.code, 0) << accepted.err;
  const std::string text = read_text(folder_ / "scenarios/my/case.toml");
  EXPECT_THAT(text, HasSubstr("exit   = 1              # of cat\n"));
  EXPECT_THAT(text, HasSubstr("No such file or directory\"]  # the message\n"));
  EXPECT_EQ(run({"run", "my/case"}).code, 0);
}

TEST_F(Authoring, AcceptLeavesTheSignatureAloneUnlessAsked) {
  write("scenarios/my/case.toml", kCase + R"(exit = 1
see  = ["open $WORK/wrong.txt = ENOENT by cat"]  # the file
)");
  ASSERT_EQ(run({"run", "my/case"}).code, 1);
  const Outcome refused = run({"accept", "latest/my/case"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, HasSubstr("--signature"));
  const Outcome accepted = run({"accept", "--signature", "latest/my/case"});
  ASSERT_EQ(accepted.code, 0) << accepted.err;
  EXPECT_THAT(
      read_text(folder_ / "scenarios/my/case.toml"),
      HasSubstr("see  = [\"open $WORK/data.txt = ENOENT\"]  # the file"));
}

TEST_F(Authoring, CheckMendsWhatIsObvious) {
  ASSERT_EQ(make().code, 0);
  const std::string good = read_text(folder_ / "scenarios/my/case.toml");
  std::string bad = good;
  bad.replace(bad.find("title"), 5, "titel");
  write("scenarios/my/case.toml", bad);
  EXPECT_EQ(run({"check", "my/case"}).code, 2);
  const Outcome mended = run({"check", "--fix", "my/case"});
  EXPECT_EQ(mended.code, 0) << mended.err;
  EXPECT_THAT(mended.err, HasSubstr("titel -> title"));
  EXPECT_EQ(read_text(folder_ / "scenarios/my/case.toml"), good);
}

}  // namespace
}  // namespace driftcage::cli_test
