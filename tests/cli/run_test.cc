// SPDX-License-Identifier: Apache-2.0
// driftcage run, from scenario files to whole reports.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/command.h"

namespace driftcage::cli_test {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// A scenario whose fault hides a file, with the given `see` line.
std::string scenario(const std::string& id, const std::string& see) {
  return R"(schema = 1
id     = ")" +
         id + R"("
title  = "A file that is not there"
run    = ["cat", "data.txt"]

[files]
"data.txt"  = "here\n"
"other.txt" = "there\n"

[[fault]]
id   = "no-data"
hide = ["$WORK/data.txt"]

[expect]
exit = 1
see  = [")" +
         see + R"("]

[[fix]]
id   = "put-it-back"
say  = "Put the file back."
lift = ["no-data"]
)";
}

constexpr const char* kSeen = "open $WORK/data.txt = ENOENT by cat";
constexpr const char* kNotSeen = "open $WORK/other.txt = ENOENT by cat";

class Run : public CageProject {
 protected:
  // The run record goes where the test looks, not into the user's state; each
  // run has a folder of its own: a record is never written over.
  Outcome run(std::vector<std::string> arguments) {
    const std::string record =
        runs_ == 0 ? "record" : "record" + std::to_string(runs_);
    ++runs_;
    arguments.insert(arguments.begin(), {"run", "--record", record});
    return driftcage(arguments, here());
  }

 private:
  int runs_ = 0;
};

TEST_F(Run, AScenarioThatHoldsPasses) {
  write("scenarios/tiny/hidden.toml", scenario("tiny/hidden", kSeen));
  const Outcome outcome = run({});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  expect_golden("run-pass", clean(outcome.out));
}

TEST_F(Run, AScenarioThatDoesNotHoldIsExplained) {
  write("scenarios/tiny/other.toml", scenario("tiny/other", kNotSeen));
  const Outcome outcome = run({"tiny/other"});
  EXPECT_EQ(outcome.code, 1) << outcome.err;
  expect_golden("run-no-repro", clean(outcome.out));
}

std::string replaced(std::string text, const std::string& from,
                     const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

TEST_F(Run, TheNextCommandFindsWhatItNames) {
  write("elsewhere/tiny/b.toml", scenario("tiny/b", kNotSeen));
  const Outcome outcome = run({"elsewhere/tiny/b.toml"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.out, HasSubstr("driftcage run elsewhere/tiny/b.toml -v"));
}

TEST_F(Run, ABadLegShowsItsEnvironmentAgainstTheControlLeg) {
  write("scenarios/tiny/other.toml",
        replaced(scenario("tiny/other", kNotSeen), "hide =",
                 "env.DC_DRIFT = \"on\"\nenv.DC_TOKEN = \"x\"\nhide ="));
  const Outcome outcome = run({"tiny/other"});
  EXPECT_EQ(outcome.code, 1) << outcome.err;
  EXPECT_THAT(outcome.out,
              HasSubstr("against control: +DC_DRIFT=on +DC_TOKEN=***\n"));
}

TEST_F(Run, VerdictOnlyTracesLessAndJudgesTheSame) {
  write("scenarios/tiny/hidden.toml",
        replaced(scenario("tiny/hidden", kSeen),
                 "run    = [\"cat\", \"data.txt\"]",
                 "sh = \"test -e unrelated; cat data.txt\""));
  EXPECT_EQ(run({}).code, 0);
  EXPECT_EQ(run({"--verdict-only"}).code, 0);
  const auto trace = [this](const std::string& record) {
    return read_text(folder_ / record / "host/tiny/hidden/fault/trace.dct");
  };
  EXPECT_THAT(trace("record"), HasSubstr("unrelated"));
  // As an argument of sh it is still there.
  EXPECT_LT(trace("record1").size(), trace("record").size());
  EXPECT_THAT(trace("record1"), Not(HasSubstr("/unrelated")));
}

TEST_F(Run, VerdictOnlyLeavesNoInjectionOut) {
  write("scenarios/tiny/inject.toml",
        replaced(replaced(scenario("tiny/inject", kSeen),
                          "run    = [\"cat\", \"data.txt\"]",
                          "run = [\"stat\", \"/etc/passwd\"]"),
                 "hide =",
                 "inject = [{ call = \"statx\", errno = \"EIO\" }]\nhide ="));
  for (const char* option : {"--verdict-only", "--verbose"}) {
    const Outcome outcome = run({option});
    EXPECT_EQ(outcome.code, 1);
    EXPECT_THAT(outcome.out, HasSubstr("Input/output error")) << option;
  }
}

TEST_F(Run, QuietShowsOnlyTheBad) {
  write("scenarios/tiny/hidden.toml", scenario("tiny/hidden", kSeen));
  write("scenarios/tiny/other.toml", scenario("tiny/other", kNotSeen));
  const Outcome outcome = run({"-q"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.out, Not(HasSubstr("tiny/hidden")));
  EXPECT_THAT(outcome.out, HasSubstr("tiny/other"));
  EXPECT_THAT(outcome.err, IsEmpty());
}

TEST_F(Run, VerboseShowsWhatMatched) {
  write("scenarios/tiny/hidden.toml", scenario("tiny/hidden", kSeen));
  const Outcome outcome = run({"-v"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.out, HasSubstr("open $WORK/data.txt = ENOENT"));
}

TEST_F(Run, ColorsOnlyWhenAsked) {
  write("scenarios/tiny/hidden.toml", scenario("tiny/hidden", kSeen));
  EXPECT_THAT(run({}).out, Not(HasSubstr("\x1b[")));
  EXPECT_THAT(run({"--color", "Always"}).out, HasSubstr("\x1b["));
  const Outcome slip = run({"--color", "sometimes"});
  EXPECT_EQ(slip.code, 2);
  EXPECT_THAT(slip.err, HasSubstr("{auto,always,never}"));
}

TEST_F(Run, AnUnmetNeedIsASkipWithItsReason) {
  write("scenarios/tiny/hidden.toml",
        scenario("tiny/hidden", kSeen) +
            "\n[needs]\ntools = { no-such-tool = \"*\" }\n");
  const Outcome outcome = run({});
  EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  EXPECT_THAT(outcome.out, ContainsRegex("SKIP .*no-such-tool"));
  EXPECT_EQ(run({"--max-skips", "0"}).code, 5);
}

TEST_F(Run, AWeakScenarioIsInconclusiveWhenStrongOnesAreAsked) {
  std::string text = scenario("tiny/weak", kSeen);
  text.erase(text.find("[[fix]]"));
  text.insert(text.find("run "), "legs   = [\"fault\"]\n");
  write("scenarios/tiny/weak.toml", text);
  EXPECT_EQ(run({}).code, 0);
  EXPECT_EQ(run({"--require-strong"}).code, 5);
}

TEST_F(Run, AnImageThatIsNotThereIsTheHostsProblem) {
  write("scenarios/tiny/hidden.toml", scenario("tiny/hidden", kSeen));
  const Outcome outcome = run({"--image", "dir:/nonexistent/image"});
  EXPECT_EQ(outcome.code, 3) << outcome.out;
  EXPECT_THAT(outcome.err, HasSubstr("/nonexistent/image"));
}

// What is opened next gets the number of a stream that the caller closed.
TEST_F(Run, AClosedStreamIsNotTakenForAnother) {
  write("scenarios/tiny/hidden.toml", scenario("tiny/hidden", kSeen));
  const Outcome outcome = execute(
      {"/bin/sh", "-c", "exec \"$0\" run --record r >&-", DRIFTCAGE_PROGRAM},
      here());
  EXPECT_EQ(outcome.code, 3);
  EXPECT_THAT(outcome.err,
              HasSubstr("driftcage: error: write: standard output: Bad file "
                        "descriptor (EBADF)\n"));
}

TEST_F(Run, TooFewDescriptorsAreNotTakenForAPolicy) {
  write("scenarios/tiny/hidden.toml", scenario("tiny/hidden", kSeen));
  const Outcome outcome =
      execute({"/bin/sh", "-c", "ulimit -n 9; exec \"$0\" run --record r",
               DRIFTCAGE_PROGRAM},
              here());
  EXPECT_EQ(outcome.code, 3);
  EXPECT_THAT(outcome.err, HasSubstr("(EMFILE)\n"));
  EXPECT_THAT(outcome.err, HasSubstr("ulimit -n"));
  EXPECT_THAT(outcome.err, Not(HasSubstr("E-")));
}

TEST_F(Run, ARecordIsNeverWrittenOver) {
  write("scenarios/tiny/hidden.toml", scenario("tiny/hidden", kSeen));
  write("full/notes.txt", "mine");
  const Outcome outcome = driftcage({"run", "--record", "full"}, here());
  EXPECT_EQ(outcome.code, 3);
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_THAT(outcome.err, HasSubstr("full"));
}

TEST_F(Run, TheRecordIsWhereItWasAskedFor) {
  write("scenarios/tiny/hidden.toml", scenario("tiny/hidden", kSeen));
  const Outcome outcome = run({});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_TRUE(std::filesystem::is_directory(folder_ / "record"));
  EXPECT_FALSE(std::filesystem::is_empty(folder_ / "record"));
}

}  // namespace
}  // namespace driftcage::cli_test
