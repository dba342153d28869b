// SPDX-License-Identifier: Apache-2.0
// What is done with a run after it: reports, reruns, shards, judging again,
// shells. And what chooses what runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <nlohmann/json.hpp>

#include "harness/base/sys.h"
#include "tests/cli/command.h"
#include "tests/cli/results.h"
#include "tests/cli/scenario_text.h"
#include "tests/cli/tiny_project.h"
#include "tests/must_work.h"

namespace driftcage::cli_test {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class Chosen : public Project {
 protected:
  void SetUp() override {
    write("scenarios/tiny/a.toml",
          scenario("tiny/a", "ENOENT", "tags   = [\"fast\", \"files\"]\n"));
    write("scenarios/tiny/b.toml",
          scenario("tiny/b", "ENOENT", "tags   = [\"files\"]\n"));
    write("scenarios/big/c.toml",
          scenario("big/c", "ENOENT", "tags   = [\"slow\"]\n"));
  }
  [[nodiscard]] std::string ids(const std::string& expression) const {
    return driftcage({"list", "--ids", "-E", expression}, here()).out;
  }
};

TEST_F(Chosen, ByExpression) {
  EXPECT_EQ(ids("tag(files)"), "tiny/a\ntiny/b\n");
  EXPECT_EQ(ids("tag(files) & !tag(fast)"), "tiny/b\n");
  EXPECT_EQ(ids("fault(hide) & id(big/*) | tag(fast)"), "big/c\ntiny/a\n");
}

TEST_F(Chosen, TheEnvironmentNarrowsIt) {
  Setting setting = here();
  setting.set["DRIFTCAGE_FILTER"] = "tag(files)";
  EXPECT_EQ(driftcage({"list", "--ids"}, setting).out, "tiny/a\ntiny/b\n");
  EXPECT_EQ(driftcage({"list", "--ids", "-E", "tag(fast)"}, setting).out,
            "tiny/a\n");
}

TEST_F(Chosen, AFileThatCannotBeReadIsNotLeftOut) {
  std::filesystem::create_symlink("nowhere.toml",
                                  folder_ / "scenarios/tiny/lost.toml");
  for (const char* command : {"list", "run", "check"}) {
    const Outcome outcome = driftcage({command}, here());
    EXPECT_NE(outcome.code, 0) << command;
    EXPECT_THAT(outcome.out + outcome.err, HasSubstr("lost.toml")) << command;
  }
}

TEST_F(Chosen, NothingHasItsOwnCode) {
  for (const char* command : {"run", "list", "plan"}) {
    const Outcome outcome =
        driftcage({command, "-E", "tag(files) & tag(slwo)"}, here());
    EXPECT_EQ(outcome.code, 4) << command;
    EXPECT_THAT(outcome.out, IsEmpty());
    EXPECT_THAT(outcome.err,
                HasSubstr("warning: tag(slwo) holds for no scenario\n"));
    EXPECT_THAT(outcome.err, HasSubstr("the filter selects nothing"));
  }
  EXPECT_EQ(
      driftcage({"run", "-E", "tag(x)", "--pass-with-no-tests"}, here()).code,
      0);
}

TEST_F(Chosen, AMistakeIsShownAtItsPlace) {
  const Outcome outcome = driftcage({"run", "-E", "tag(a) & frobn(b)"}, here());
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(
      outcome.err,
      "driftcage: error: read the filter expression\n"
      "    tag(a) & frobn(b)\n"
      "             ^ there is no predicate frobn; for example tag(cgo) & "
      "!image(*alpine*)\n");
}

TEST_F(Chosen, WrongValuesAreUsageErrors) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"--shard", "4/3"},
                                             {"--max-fail", "x"},
                                             {"--seed", "x"},
                                             {"--seed", "5"},
                                             {"--group", "net"},
                                             {"--deadline", "soon"},
                                             {"--report", "junt=x"},
                                             {"--report", "junit"},
                                             {"--format", "junit"},
                                             {"--order", "any"}}) {
    std::vector<std::string> all = {"run"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    const Outcome outcome = driftcage(all, here());
    EXPECT_EQ(outcome.code, 2) << arguments[0];
    EXPECT_THAT(outcome.err, HasSubstr("error: ")) << arguments[0];
  }
}

TEST_F(Chosen, ACommandWhereNoneIsTakenIsNotIgnored) {
  const Outcome outcome =
      driftcage({"shell", "latest/tiny/a", "--", "ls"}, here());
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("shell takes no argument \"ls\""));
}

TEST_F(Chosen, HalfAShardPairStopsTheRun) {
  Setting setting = here();
  setting.set["CI_NODE_INDEX"] = "1";
  const Outcome outcome = driftcage({"run"}, setting);
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("CI_NODE_TOTAL is not set"));
}

class Recorded : public TinyProject {};

TEST_F(Recorded, PlanRunsNothing) {
  Setting setting = own();
  setting.set["XDG_CACHE_HOME"] = (folder_ / "cache").string();
  const Outcome text = driftcage({"plan"}, setting);
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_THAT(text.out, HasSubstr("run   tiny/a  control, fault\n"));
  const json plan = json::parse(call({"plan", "--json", "--shard", "2/2"}).out);
  EXPECT_EQ(plan["selected"], 3);
  ASSERT_EQ(plan["scenarios"].size(), 1u);
  EXPECT_EQ(plan["scenarios"][0]["id"], "tiny/b");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "state/driftcage/runs"));
  // Nor is a build cache warmed for what will not run.
  EXPECT_FALSE(std::filesystem::exists(folder_ / "cache/driftcage/warm"));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "cache/driftcage/facts"));
}

TEST_F(Recorded, PlanTellsWhatWouldBeSkippedAndWhy) {
  write("scenarios/tiny/d.toml",
        scenario("tiny/d", "ENOENT") +
            "\n[needs]\ntools = { no-such-tool = \"*\" }\n");
  const Outcome outcome = call({"plan"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.out, HasSubstr("skip  tiny/d  no no-such-tool on PATH"));
}

TEST_F(Recorded, ReportsAreMadeWithTheRunAndLater) {
  const Outcome outcome = call({"run", "--report", "junit=now.xml", "--report",
                                "html=now.html", "--report", "tap=-", "-q"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.out, HasSubstr("TAP version 14\n1..3\n"));
  EXPECT_EQ(call({"report", "--format", "junit", "-o", "later.xml"}).code, 0);
  EXPECT_EQ(read_text(folder_ / "now.xml"), read_text(folder_ / "later.xml"));
  EXPECT_THAT(read_text(folder_ / "now.html"), HasSubstr("</html>"));
  EXPECT_THAT(call({"report", "--list"}).out, HasSubstr("2 pass, 1 no-repro"));
  const Outcome unknown = call({"report", "zzzz"});
  EXPECT_EQ(unknown.code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("find the run"));
}

TEST_F(Recorded, AReportThatCannotBeWrittenIsNoSuccess) {
  const Outcome outcome =
      call({"run", "tiny/a", "--report", "junit=none/x.xml"});
  // Told before anything runs.
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, HasSubstr("write report: none/x.xml"));
  EXPECT_THAT(outcome.err, HasSubstr("make its folder first"));
  EXPECT_EQ(
      call({"run", "tiny/a", "--record", "new", "--report", "junit=new/x.xml"})
          .code,
      0);
  EXPECT_EQ(call({"run", "tiny/a", "--report", "tap=/dev/null"}).code, 0);
  EXPECT_THAT(call({"run", "tiny/a", "--report", "tap=scenarios"}).err,
              HasSubstr("EISDIR"));
  EXPECT_THAT(call({"run", "tiny/a", "--report", "tap=/etc/passwd/x"}).err,
              HasSubstr("ENOTDIR"));
  const Outcome full = call({"run", "tiny/a", "--report", "junit=/dev/full"});
  EXPECT_EQ(full.code, 3);
  EXPECT_THAT(full.out, HasSubstr("1 pass"));
  EXPECT_THAT(full.err, HasSubstr("/dev/full"));
}

TEST_F(Recorded, RerunRunsTheBadAndKeepsTheRest) {
  EXPECT_EQ(call({"run"}).code, 1);
  write("scenarios/tiny/b.toml", scenario("tiny/b", "ENOENT"));
  const Outcome outcome =
      call({"rerun", "--record", "again", "--report", "junit=whole.xml"});
  EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("1 scenario: 1 pass"));
  EXPECT_THAT(verdicts_of(folder_ / "again"),
              ElementsAre("tiny/a pass", "tiny/b pass", "tiny/c pass"));
  EXPECT_THAT(read_text(folder_ / "whole.xml"), HasSubstr("tests=\"3\""));
  const Outcome none = call({"rerun", "again"});
  EXPECT_EQ(none.code, 0);
  EXPECT_THAT(none.err, HasSubstr("nothing to run again"));
}

TEST_F(Recorded, DiffTellsWhatBecameWorse) {
  call({"run", "--record", "one"});
  write("scenarios/tiny/a.toml", scenario("tiny/a", "EACCES"));
  write("scenarios/tiny/b.toml", scenario("tiny/b", "ENOENT"));
  call({"run", "--record", "two"});
  const Outcome worse = call({"diff", "one", "two"});
  EXPECT_EQ(worse.code, 1);
  EXPECT_THAT(worse.out, HasSubstr("worse  tiny/a  pass -> no-repro\n"));
  EXPECT_THAT(worse.out, HasSubstr("better tiny/b  no-repro -> pass\n"));
  EXPECT_EQ(call({"diff", "one", "one"}).out, "no difference\n");
  // The last run against the last run: a slip.
  call({"run"});
  const Outcome slip = call({"diff", "latest"});
  EXPECT_EQ(slip.code, 2);
  EXPECT_THAT(slip.err, HasSubstr("name the earlier one"));
}

TEST_F(Recorded, TwoReportsDoNotShareStandardOutput) {
  const Outcome outcome =
      call({"run", "--report", "tap=-", "--report", "junit=-"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("two of them go to this file"));
}

TEST_F(Recorded, TwoReportsDoNotShareAFile) {
  const Outcome outcome = call({"run", "tiny/a", "--report", "junit=same.xml",
                                "--report", "tap=same.xml"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("two of them go to this file"));
}

TEST_F(Recorded, TitlesGiveTheTerminalNoCommands) {
  std::string text = scenario("tiny/e", "ENOENT");
  text.replace(text.find("A file"), 6, "\\u001b[31mA file");
  write("scenarios/tiny/e.toml", text);
  EXPECT_THAT(call({"list", "tiny/e"}).out, HasSubstr("\\x1b[31mA file"));
}

TEST_F(Recorded, JudgesByAnEditWithoutRunning) {
  call({"run", "--record", "r"});
  EXPECT_EQ(call({"judge", "r"}).code, 1);
  write("edited.toml", scenario("tiny/b", "ENOENT"));
  const Outcome edited = call({"judge", "r", "--scenario", "edited.toml"});
  EXPECT_EQ(edited.code, 0) << edited.out << edited.err;
  EXPECT_THAT(edited.out, HasSubstr("PASS        tiny/b"));
  // What the record says stays.
  EXPECT_EQ(verdicts_of(folder_ / "r")[1], "tiny/b no-repro");
  std::string other = scenario("tiny/b", "ENOENT");
  other.replace(other.find("here\\n"), 4, "some");
  write("edited.toml", other);
  const Outcome cage = call({"judge", "r", "--scenario", "edited.toml"});
  EXPECT_EQ(cage.code, 2);
  EXPECT_THAT(cage.err, HasSubstr("that needs a run"));
}

TEST_F(Recorded, ShardsTogetherAreTheWhole) {
  for (const char* shard : {"1/2", "2/2"}) {
    Setting setting = own();
    setting.set["DRIFTCAGE_SHARD"] = shard;
    driftcage({"run", "--record", std::string("s") + shard[0]}, setting);
  }
  const Outcome whole = call({"merge", "s1", "s2", "--record", "whole"});
  EXPECT_EQ(whole.code, 1) << whole.err;
  EXPECT_EQ(verdicts_of(folder_ / "whole").size(), 3u);
  const Outcome half = call({"merge", "s2", "--record", "half"});
  EXPECT_EQ(half.code, 5);
  EXPECT_THAT(half.err, HasSubstr("missing: shard 1/2"));
  // More shards than scenarios: an empty one is good.
  const Outcome empty = call({"run", "--shard", "9/9", "--record", "e"});
  EXPECT_EQ(empty.code, 0) << empty.err;
}

TEST_F(Recorded, AShellIsInTheCageOfItsLeg) {
  call({"run", "tiny/b", "--record", "r"});
  Setting setting = own();
  setting.input = "cat data.txt; pwd; exit 7\n";
  const Outcome fault = driftcage({"shell", "r/tiny/b"}, setting);
  EXPECT_EQ(fault.code, 7) << fault.err;
  EXPECT_EQ(fault.out, "/work\n");
  EXPECT_THAT(fault.err, HasSubstr("tiny/b, leg fault"));
  EXPECT_THAT(fault.err, HasSubstr("driftcage shell"));
  const Outcome control = driftcage({"shell", "r/tiny/b/control"}, setting);
  EXPECT_EQ(control.out, "here\n/work\n");
  EXPECT_THAT(driftcage({"shell", "r/tiny/c"}, setting).err,
              HasSubstr("did you mean tiny/b?"));
  EXPECT_THAT(driftcage({"shell", "r/tiny/b/nosuch"}, setting).err,
              HasSubstr("a leg is control, fault or fix:NAME"));
  const Outcome bare = driftcage({"shell", "--image", "host"}, setting);
  EXPECT_EQ(bare.out, "/work\n");
}

TEST_F(Recorded, AShellThatCannotBeIsTold) {
  const Outcome run =
      call({"run", "tiny/b", "--record", "r", "--on-fail", "shell"});
  EXPECT_EQ(run.code, 1);
  EXPECT_THAT(run.err, HasSubstr("no shell without a terminal"));
  EXPECT_THAT(run.err, HasSubstr("driftcage shell "));
}

TEST_F(Recorded, WhatACommandLeftIsThereAgain) {
  write("scenarios/tiny/b.toml",
        shell_scenario("tiny/b", "EACCES", "echo left > mine; cat data.txt"));
  call({"run", "tiny/b", "--record", "r", "--keep", "fail"});
  Setting setting = own();
  setting.input = "cat mine; echo more >> mine\n";
  EXPECT_EQ(driftcage({"shell", "r/tiny/b"}, setting).out, "left\n");
  // What a shell changes is thrown away.
  EXPECT_EQ(driftcage({"shell", "r/tiny/b"}, setting).out, "left\n");
}

// Faults of modes are what one goes in to look at.
TEST_F(Recorded, WhatACommandLeftHasItsModesAndOwners) {
  write("scenarios/tiny/b.toml",
        shell_scenario(
            "tiny/b", "EACCES",
            "umask 0; echo x > none; echo y > all; "
            "mkdir shut; echo z > shut/in; chmod 4755 all; chmod 0 none; "
            "chmod 0 shut; cat data.txt; chmod 500 .; false"));
  call({"run", "tiny/b", "--record", "r", "--keep", "fail"});
  Setting setting = own();
  setting.input =
      "stat -c '%a %U %n' all none shut; id -un; stat -c %a .; chmod 700 shut; "
      "cat shut/in";
  const Outcome outcome = driftcage({"shell", "r/tiny/b"}, setting);
  std::istringstream lines(outcome.out);
  std::string all, none, shut, user, own, in;
  for (std::string* line : {&all, &none, &shut, &user, &own, &in})
    std::getline(lines, *line);
  EXPECT_EQ(all, "4755 " + user + " all") << outcome.out << outcome.err;
  EXPECT_EQ(none, "0 " + user + " none");
  EXPECT_EQ(shut, "0 " + user + " shut");
  EXPECT_EQ(own, "500");
  EXPECT_EQ(in, "z");
  EXPECT_THAT(outcome.err, Not(HasSubstr("could not be kept")));
}

TEST_F(Recorded, WhatCannotBeKeptIsNamed) {
  write("scenarios/tiny/b.toml",
        shell_scenario("tiny/b", "EACCES", "mkfifo pipe; cat data.txt"));
  call({"run", "tiny/b", "--record", "r", "--keep", "fail"});
  Setting setting = own();
  setting.input = "exit\n";
  EXPECT_THAT(driftcage({"shell", "r/tiny/b"}, setting).err,
              HasSubstr("could not be kept:\n                 /work/pipe\n"));
}

TEST_F(Recorded, ARunThatIsKilledLeavesARecordThatCanBeFinished) {
  write("scenarios/tiny/z.toml", endless("tiny/z"));
  const Outcome killed =
      interrupt({DRIFTCAGE_PROGRAM, "run", "--record", "r", "-j", "1"},
                "tiny/c", SIGKILL, own());
  EXPECT_EQ(killed.code, 128 + SIGKILL);
  const Outcome report = call({"report", "r"});
  EXPECT_THAT(report.err, HasSubstr("the run was killed"));
  EXPECT_THAT(report.out, HasSubstr("1 not run"));
  write("scenarios/tiny/z.toml", scenario("tiny/z", "ENOENT"));
  const Outcome rest = call({"rerun", "missed", "r", "--record", "done"});
  EXPECT_EQ(rest.code, 1) << rest.err;  // tiny/b is still bad
  EXPECT_EQ(verdicts_of(folder_ / "done").size(), 4u);
}

TEST_F(Recorded, RandomOrderSaysItsSeed) {
  const Outcome outcome = call({"run", "--order", "random", "--seed", "5"});
  EXPECT_THAT(outcome.err, HasSubstr("order random --seed 5\n"));
  EXPECT_THAT(call({"run", "--order", "random", "-q"}).err,
              HasSubstr("order random --seed "));
  EXPECT_THAT(call({"plan", "--order", "random", "--seed", "7"}).out,
              HasSubstr("order random --seed 7\n"));
}

TEST_F(Recorded, AGroupThatNobodyIsInIsTold) {
  write("scenarios/tiny/g.toml",
        scenario("tiny/g", "ENOENT", "group  = \"network\"\n"));
  const Outcome slip = call({"run", "tiny/g", "--group", "netwrok=2"});
  EXPECT_EQ(slip.code, 0) << slip.err;
  EXPECT_THAT(slip.err, HasSubstr("no scenario that runs is in netwrok; did "
                                  "you mean network?"));
  EXPECT_THAT(call({"run", "tiny/g", "--group", "network=2"}).err,
              Not(HasSubstr("warning")));
}

TEST_F(Recorded, RoundsThatDifferAreShown) {
  write("scenarios/tiny/c.toml",
        shell_scenario("tiny/c", "ENOENT",
                       "read x < /proc/sys/kernel/random/uuid; "
                       "cat /etc/$x; cat data.txt"));
  const Outcome alike =
      call({"run", "tiny/a", "--repeat", "3", "--require-steady"});
  EXPECT_EQ(alike.code, 0) << alike.out << alike.err;
  EXPECT_THAT(alike.err, Not(HasSubstr("unsteady")));
  const Outcome differ = call({"run", "tiny/c", "--repeat", "3"});
  EXPECT_EQ(differ.code, 0) << differ.out << differ.err;
  EXPECT_THAT(differ.err,
              HasSubstr("unsteady    tiny/c  6 of its events are not in all of "
                        "3 rounds\n  control   in   1  open /etc/"));
  EXPECT_EQ(call({"run", "tiny/c", "--repeat", "2", "--require-steady"}).code,
            5);
}

TEST_F(Recorded, GotestsumReadsTheStreamOfGoTest) {
  if (execute({"sh", "-c", "command -v gotestsum"}).code != 0) {
    DRIFTCAGE_SKIP_UNLESS_EMPTY(std::string("gotestsum is not installed"));
  }
  const Outcome outcome = execute(
      {"gotestsum", "--format", "testname", "--junitfile", "j.xml",
       "--raw-command", "--", DRIFTCAGE_PROGRAM, "run", "--format", "go-test"},
      own());
  EXPECT_EQ(outcome.code, 1) << outcome.out << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("PASS driftcage/tiny.a "));
  EXPECT_THAT(outcome.out, HasSubstr("FAIL driftcage/tiny.b "));
  // Three scenarios with two legs each; of the bad one its fault leg.
  EXPECT_THAT(outcome.out, HasSubstr("DONE 9 tests, 2 failures in "));
  EXPECT_THAT(read_text(folder_ / "j.xml"),
              HasSubstr("classname=\"driftcage/tiny\" name=\"a/control\""));
}

TEST_F(Recorded, StreamsTakeThePlaceOfTheText) {
  const Outcome outcome = call({"run", "--format", "jsonl"});
  std::istringstream in(outcome.out);
  std::vector<std::string> types;
  for (std::string line; std::getline(in, line);) {
    types.push_back(json::parse(line)["type"]);
  }
  EXPECT_THAT(types, ElementsAre("run", "result", "result", "result", "end"));
}

}  // namespace
}  // namespace driftcage::cli_test
