// SPDX-License-Identifier: Apache-2.0
// What follows a run of several rounds, and one that was stopped.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <string>
#include <vector>

#include "tests/cli/command.h"
#include "tests/cli/results.h"
#include "tests/cli/scenario_text.h"

namespace driftcage::cli_test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class Rounds : public CageProject {
 protected:
  void SetUp() override {
    CageProject::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    write("scenarios/tiny/b.toml", scenario("tiny/b", "EACCES"));
  }
  void mend() const {
    write("scenarios/tiny/b.toml", scenario("tiny/b", "ENOENT"));
  }
};

TEST_F(Rounds, AllBadOnesAreRunAgain) {
  call({"run", "--repeat", "3", "--record", "r"});
  mend();
  const Outcome again = call({"rerun", "failed", "r", "--record", "s"});
  EXPECT_EQ(again.code, 0) << again.out << again.err;
  EXPECT_THAT(verdicts_of(folder_ / "s", "round"),
              ElementsAre("0 pass", "1 pass", "2 pass"));
}

TEST_F(Rounds, OnlyTheMissedOnesAreRunAgain) {
  call({"run", "--repeat", "3", "-j", "1", "--max-fail", "1", "--record", "r"});
  mend();
  const Outcome again = call({"rerun", "missed", "r", "--record", "s"});
  EXPECT_EQ(again.code, 1) << again.out << again.err;
  EXPECT_THAT(verdicts_of(folder_ / "s", "round"),
              ElementsAre("0 no-repro", "1 pass", "2 pass"));
  // Nothing is missed any more, and what was bad is.
  EXPECT_EQ(call({"rerun", "missed", "s"}).code, 1);
  EXPECT_EQ(call({"rerun", "failed", "s", "--record", "t"}).code, 0);
  EXPECT_EQ(call({"rerun", "missed", "t"}).code, 0);
}

TEST_F(Rounds, ThoseThatWereKeptAreComparedToo) {
  write("scenarios/tiny/u.toml",
        shell_scenario("tiny/u", "ENOENT",
                       "read x < /proc/sys/kernel/random/uuid; "
                       "cat /etc/$x; cat data.txt"));
  call({"run", "--repeat", "2", "--record", "r"});
  mend();
  const Outcome again =
      call({"rerun", "r", "--record", "s", "--require-steady"});
  EXPECT_THAT(again.err, HasSubstr("unsteady    tiny/u"));
  EXPECT_EQ(again.code, 5) << again.out << again.err;
  EXPECT_EQ(call({"rerun", "s"}).code, 0);
  const Outcome none =
      call({"rerun", "s", "--require-steady", "--report", "junit=all.xml"});
  EXPECT_EQ(none.code, 5) << none.err;
  EXPECT_THAT(read_text(folder_ / "all.xml"), HasSubstr("tests=\"4\""));
}

TEST_F(Rounds, WhatStaysMissedKeepsItsReason) {
  call({"run", "--repeat", "3", "-j", "1", "--max-fail", "1", "--record", "r"});
  mend();
  const Outcome again = call({"rerun", "failed", "r", "--record", "s"});
  EXPECT_EQ(again.code, 5) << again.out << again.err;
  EXPECT_THAT(again.out, HasSubstr("2 not run: stopped by max-fail"));
}

TEST_F(Rounds, MergedKeepsTheReasonOfAShard) {
  for (const std::string shard : {"1", "2"}) {
    call({"run", "--shard", shard + "/2", "--repeat", "3", "-j", "1",
          "--max-fail", "1", "--record", shard});
  }
  call({"merge", "--partial", "1", "2", "--record", "m"});
  EXPECT_THAT(call({"report", "m"}).out,
              HasSubstr("not run: stopped by max-fail"));
}

// Nobody knows their names, but how many they are.
TEST_F(Rounds, WhatAMissingShardHadIsNotForgotten) {
  mend();
  write("scenarios/tiny/d.toml", scenario("tiny/d", "ENOENT"));
  for (const std::string shard : {"1", "2", "3"})
    call({"run", "--shard", shard + "/3", "--record", shard});
  call({"merge", "--partial", "1", "3", "--record", "m"});
  for (const char* command : {"report", "judge"}) {
    const Outcome outcome = call({command, "m"});
    EXPECT_EQ(outcome.code, 5) << command << outcome.out;
    EXPECT_THAT(outcome.err, HasSubstr("of what was planned ha")) << command;
  }
  const Outcome again = call({"rerun", "all", "m", "--record", "n"});
  EXPECT_EQ(again.code, 5) << again.out << again.err;
  EXPECT_THAT(again.out, HasSubstr("not run"));
}

TEST_F(Rounds, EachHasItsShell) {
  const Outcome run = call({"run", "--repeat", "2", "-j", "1", "--record", "r",
                            "--on-fail", "shell"});
  EXPECT_THAT(run.out, HasSubstr("r/tiny/b/fault "));
  EXPECT_THAT(run.out, HasSubstr("r/tiny/b~2/fault "));
  Setting setting = own();
  setting.input = "echo here\n";
  for (const char* place :
       {"tiny/b", "tiny/b~1/fault", "tiny/b/control", "tiny/b~2",
        "tiny/b~2/control", "host/tiny/b~2/fault"}) {
    const Outcome shell =
        driftcage({"shell", "r/" + std::string(place)}, setting);
    EXPECT_EQ(shell.out, "here\n") << place << shell.err;
  }
  EXPECT_THAT(driftcage({"shell", "r/tiny/b~2/fault"}, setting).err,
              HasSubstr("r/tiny/b~2/control\n"));
  EXPECT_EQ(call({"shell", "r/tiny/b~3"}).code, 2);
}

TEST_F(Rounds, OneOnSeveralImagesKeepsItsNumber) {
  call({"run", "tiny/b", "--repeat", "2", "--image", "host", "--image", "dir:/",
        "--record", "r"});
  const Outcome outcome = call({"shell", "r/tiny/b~2"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("dir__/tiny/b~2"));
  EXPECT_THAT(outcome.err, HasSubstr("host/tiny/b~2"));
}

// Takes so long that a hundred tries do not end within a test.
std::string slow() {
  return shell_scenario("tiny/b", "EACCES", "sleep 0.05; cat data.txt");
}

// tiny/b is tried again and again; what it was at the end of a try stands when
// the run ends during the next.
TEST_F(Rounds, ATryThatIsStoppedLeavesTheOneBefore) {
  write("scenarios/tiny/b.toml", slow());
  const Outcome run =
      call({"run", "--retries", "100", "--deadline", "2s", "--record", "r"});
  EXPECT_EQ(run.code, 1) << run.out << run.err;
  EXPECT_THAT(run.out, HasSubstr("NO-REPRO    tiny/b"));
  EXPECT_THAT(run.out, Not(HasSubstr("not run")));
  EXPECT_THAT(run.out,
              HasSubstr("stopped by deadline, with a verdict on each"));
  EXPECT_THAT(verdicts_of(folder_ / "r"), ElementsAre("tiny/b no-repro"));
  EXPECT_EQ(call({"report", "r"}).code, 0);
  mend();
  EXPECT_THAT(call({"rerun", "missed", "r"}).err, HasSubstr("nothing to run"));
  EXPECT_EQ(call({"rerun", "failed", "r"}).code, 0);
}

// The same, whatever stops it: by then tiny/b was tried several times.
TEST_F(Rounds, ATryThatALimitStopsLeavesTheOneBefore) {
  write("scenarios/tiny/b.toml", "retries = 100\n" + slow());
  write("scenarios/tiny/c.toml",
        shell_scenario("tiny/c", "EACCES", "sleep 0.7; cat data.txt"));
  for (const std::string limit : {"1", "1:immediate"}) {
    const Outcome run =
        call({"run", "-j", "4", "--max-fail", limit, "--record", "r" + limit});
    EXPECT_EQ(run.code, 1) << run.err;
    EXPECT_THAT(run.out, Not(HasSubstr("not run"))) << limit;
    EXPECT_THAT(verdicts_of(folder_ / ("r" + limit)),
                ElementsAre("tiny/b no-repro", "tiny/c no-repro"));
  }
}

TEST_F(Rounds, ATryThatASignalStopsLeavesTheOneBefore) {
  write("scenarios/tiny/b.toml", "retries = 100\n" + slow());
  write("scenarios/tiny/a.toml",
        shell_scenario("tiny/a", "ENOENT", "sleep 0.7; cat data.txt"));
  const Outcome run =
      interrupt({DRIFTCAGE_PROGRAM, "run", "-j", "4", "--record", "r"},
                "PASS        tiny/a", SIGINT, own());
  EXPECT_EQ(run.code, 128 + SIGINT) << run.err;
  EXPECT_THAT(verdicts_of(folder_ / "r"),
              ElementsAre("tiny/a pass", "tiny/b no-repro"));
}

TEST_F(Rounds, ATryBeforeAKillIsNotLost) {
  write("scenarios/tiny/b.toml", slow());
  const Outcome killed =
      execute({"sh", "-c",
               "\"$0\" run --retries 100 --record r & while ! [ -s "
               "r/host/tiny/b~2/result.json ] && kill -0 $!; do sleep 0.01; "
               "done; kill -9 $!",
               DRIFTCAGE_PROGRAM},
              own());
  EXPECT_EQ(killed.code, 0) << killed.err;
  for (const char* command : {"report", "judge"}) {
    const Outcome told = call({command, "r"});
    EXPECT_THAT(told.out, HasSubstr("NO-REPRO    tiny/b")) << command;
    EXPECT_THAT(told.out, Not(HasSubstr("not run"))) << command;
    EXPECT_THAT(told.err, HasSubstr("1 scenario has no line in results.jsonl"));
  }
  EXPECT_EQ(call({"judge", "r"}).code, 1);
  mend();
  EXPECT_THAT(call({"rerun", "missed", "r"}).err, HasSubstr("nothing to run"));
  EXPECT_EQ(call({"rerun", "failed", "r", "--record", "s"}).code, 0);
  EXPECT_THAT(verdicts_of(folder_ / "s"), ElementsAre("tiny/b pass"));
}

TEST_F(Rounds, ARunThatGoesOnIsNotTakenForAKilledOne) {
  write("scenarios/tiny/z.toml", endless("tiny/z"));
  const Outcome told = execute(
      {"sh", "-c",
       "\"$0\" run --record r -j 4 >/dev/null 2>&1 & run=$!; while ! [ -s "
       "r/results.jsonl ] && kill -0 $run; do sleep 0.01; done; "
       "\"$0\" report r; \"$0\" rerun r; echo code $?; kill $run; wait $run",
       DRIFTCAGE_PROGRAM},
      own());
  EXPECT_THAT(told.out, HasSubstr("1 not run: the run still goes on"));
  EXPECT_THAT(told.err, HasSubstr("1 of what was planned has no result: "
                                  "tiny/z\n"));
  EXPECT_THAT(told.err, HasSubstr("wait for its end"));
  EXPECT_THAT(told.out, HasSubstr("code 2\n"));
}

TEST_F(Rounds, WhatIsOpenIsRunAgainWhenNothingIsSaid) {
  write("scenarios/tiny/z.toml", endless("tiny/z"));
  const Outcome run = call({"run", "-j", "4", "--deadline", "1s"});
  EXPECT_THAT(run.err, HasSubstr("driftcage: rerun missed "));
  mend();
  EXPECT_THAT(call({"rerun", "failed", "--record", "f"}).out,
              HasSubstr("1 scenario: 1 pass"));
  write("scenarios/tiny/z.toml", scenario("tiny/z", "ENOENT"));
  EXPECT_EQ(call({"rerun", "--record", "s"}).code, 0);
  EXPECT_THAT(verdicts_of(folder_ / "s"),
              ElementsAre("tiny/b pass", "tiny/z pass"));
  EXPECT_THAT(call({"rerun", "faild"}).err, HasSubstr("did you mean failed?"));
}

TEST_F(Rounds, ALimitThatTheLastOneMetLeftNothingOut) {
  const Outcome run = call({"run", "--max-fail", "1", "--record", "r"});
  EXPECT_EQ(run.code, 1);
  EXPECT_THAT(run.out, Not(HasSubstr("not run")));
  EXPECT_THAT(call({"report", "r", "--format", "jsonl"}).out,
              HasSubstr("\"stopped\":\"\""));
}

TEST_F(Rounds, JudgingOfWhatNeverEndedSaysSo) {
  write("scenarios/tiny/b.toml", endless("tiny/b"));
  call({"run", "--deadline", "1s", "--record", "r"});
  for (const char* command : {"report", "judge"}) {
    const Outcome outcome = call({command, "r"});
    EXPECT_EQ(outcome.code, 5) << command << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("1 not run: stopped by deadline"));
  }
}

TEST_F(Rounds, JudgingTellsWhatWasFlaky) {
  mend();
  call({"run", "--record", "r"});
  const std::string file = "r/host/tiny/b/result.json";
  const std::string none = "\"retried\": []";
  std::string text = read_text(folder_ / file);
  ASSERT_NE(text.find(none), std::string::npos);
  write(file, text.replace(text.find(none), none.size(),
                           "\"retried\": [{\"verdict\": \"no-repro\"}]"));
  EXPECT_THAT(call({"judge", "r"}).out, HasSubstr("; 1 flaky"));
}

TEST_F(Rounds, AFolderThatIsNoRecordIsNamed) {
  write("empty/x", "");
  const std::string whole = (folder_ / "empty").string();
  for (const std::string& name : {std::string("empty"), whole}) {
    for (const char* command : {"judge", "report", "rerun", "shell"}) {
      const Outcome outcome = call({command, name});
      EXPECT_EQ(outcome.code, 2) << command;
      EXPECT_THAT(outcome.err, HasSubstr("find the run: " + name + "\n"));
      EXPECT_THAT(outcome.err, HasSubstr("it is no run record"));
    }
  }
  EXPECT_THAT(call({"judge", whole + "/none"}).err, HasSubstr(whole + "/none"));
}

// Whoever reads only the report must not take it for a run that was whole.
TEST_F(Rounds, ReportsOfAStoppedRunAreNotGreen) {
  mend();
  write("scenarios/tiny/z.toml", endless("tiny/z"));
  const Outcome run = call({"run", "-j", "1", "--deadline", "1s", "--repeat",
                            "2", "--record", "r", "--order", "file"});
  EXPECT_NE(run.code, 0);
  const std::string told = "not run: stopped by deadline";
  const std::string junit = call({"report", "r", "--format", "junit"}).out;
  EXPECT_THAT(junit, HasSubstr("<testcase name=\"everything was run\""));
  EXPECT_THAT(junit, HasSubstr(told));
  EXPECT_THAT(junit, HasSubstr("tests=\"2\" failures=\"0\" errors=\"1\""));
  write("j.xml", junit);
  if (execute({"sh", "-c", "command -v xmllint"}).code == 0) {
    const Outcome valid =
        execute({"xmllint", "--noout", "--schema",
                 DRIFTCAGE_SOURCE_DIR "/docs/junit.xsd", "j.xml"},
                own());
    EXPECT_EQ(valid.code, 0) << valid.err;
  }
  const std::string go = call({"report", "r", "--format", "go-test"}).out;
  EXPECT_THAT(go, HasSubstr("\"Action\":\"fail\",\"Package\":\"driftcage\""));
  EXPECT_THAT(go, HasSubstr(told));
  EXPECT_THAT(call({"report", "r", "--format", "tap"}).out,
              HasSubstr("Bail out! 3 " + told));
  EXPECT_THAT(call({"report", "r", "--format", "github"}).out,
              HasSubstr("::error title=driftcage::"));
}

}  // namespace
}  // namespace driftcage::cli_test
