// SPDX-License-Identifier: Apache-2.0
// What a run does when the machine fails it: a clear verdict or a clear error,
// never a lost or a false result.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include <nlohmann/json.hpp>

#include "tests/cli/results.h"
#include "tests/cli/scenario_text.h"
#include "tests/cli/terminal.h"
#include "tests/must_work.h"

namespace driftcage::cli_test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

class Robust : public CageProject {
 protected:
  void SetUp() override {
    CageProject::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    write("scenarios/tiny/a.toml", scenario("tiny/a", "ENOENT"));
    write("scenarios/tiny/b.toml", scenario("tiny/b", "EACCES"));
  }
  // A shell line in which $0 is driftcage.
  [[nodiscard]] Outcome shell(const std::string& line) const {
    return execute({"sh", "-c", line, DRIFTCAGE_PROGRAM}, own());
  }
};

TEST_F(Robust, AShortLimitOfOpenFilesIsSaidClearly) {
  EXPECT_EQ(shell("$0 run tiny/a").code, 0);
  for (int limit = 6; limit <= 32; ++limit) {
    const Outcome outcome = shell("ulimit -n " + std::to_string(limit) +
                                  "; exec \"$0\" run tiny/a");
    if (outcome.code == 0) {
      EXPECT_THAT(outcome.out, HasSubstr("1 pass")) << limit;
      continue;
    }
    EXPECT_EQ(outcome.code, 3) << limit << outcome.out << outcome.err;
    EXPECT_THAT(outcome.out + outcome.err, HasSubstr("EMFILE")) << limit;
    EXPECT_THAT(outcome.out + outcome.err, HasSubstr("(ulimit -n)")) << limit;
    EXPECT_THAT(outcome.err, Not(HasSubstr("internal error"))) << limit;
  }
}

TEST_F(Robust, ManyRunsAtOnceKeepOutOfEachOthersWay) {
  const Outcome all = shell(
      "for i in 1 2 3 4 5 6; do \"$0\" run -q & pids=\"$pids $!\"; done; "
      "for p in $pids; do wait $p; echo code $?; done");
  EXPECT_THAT(all.err, Not(HasSubstr("error:")));
  std::size_t codes = 0;
  for (std::size_t at = all.out.find("code 1\n"); at != std::string::npos;
       at = all.out.find("code 1\n", at + 1)) {
    ++codes;
  }
  EXPECT_EQ(codes, 6u) << all.out;
  std::set<std::string> records;
  for (const auto& entry :
       fs::directory_iterator(folder_ / "state/driftcage/runs")) {
    if (entry.is_symlink()) continue;
    records.insert(entry.path().filename().string());
    EXPECT_THAT(verdicts_of(entry.path()),
                ElementsAre("tiny/a pass", "tiny/b no-repro"));
  }
  EXPECT_THAT(records, SizeIs(6));
  const fs::path latest = folder_ / "state/driftcage/runs/latest";
  EXPECT_TRUE(records.contains(fs::read_symlink(latest).string()));
  // Nor does one lose what another learned of durations.
  const json history =
      json::parse(read_text(folder_ / "state/driftcage/history.json"));
  EXPECT_EQ(history["scenarios"].size(), 2u);
}

// What was not read or sent is an error of the leg, not an end of its output.
TEST_F(Robust, AStreamThatFailsIsNotJudged) {
  write("scenarios/tiny/a.toml",
        shell_scenario("tiny/a", "ENOENT",
                       "echo unreadable''-output; cat data.txt"));
  write("scenarios/tiny/b.toml",
        shell_scenario("tiny/b", "ENOENT", ": unsendable-cage; cat data.txt"));
  write("scenarios/tiny/c.toml", scenario("tiny/c", "ENOENT"));
  Setting failing = own();
  failing.set["LD_PRELOAD"] = DRIFTCAGE_FAILING_READ;
  const Outcome run = driftcage({"run", "--record", "r"}, failing);
  EXPECT_EQ(run.code, 3) << run.out << run.err;
  EXPECT_THAT(verdicts_of(folder_ / "r"),
              ElementsAre("tiny/a error", "tiny/b error", "tiny/c pass"));
  EXPECT_THAT(run.out, HasSubstr("read what a leg wrote"));
  EXPECT_THAT(run.out, HasSubstr("send the cage's description"));
  EXPECT_THAT(run.out, HasSubstr("EIO"));
}

TEST_F(Robust, AClockThatJumpsChangesNoVerdict) {
  write("scenarios/tiny/x.toml",
        scenario("tiny/x", "EACCES") +
            "\n[[xfail]]\nwhy = \"known\"\nuntil = 2999-01-01\n");
  Setting jumping = own();
  jumping.set["LD_PRELOAD"] = DRIFTCAGE_JUMPING_CLOCK;
  // One program that looks three times sees it jump.
  const Outcome years = execute(
      {"bash", "-c", "printf '%(%Y)T %(%Y)T %(%Y)T' -1 -1 -1"}, jumping);
  std::istringstream seen(years.out);
  const std::set<int> different{std::istream_iterator<int>(seen), {}};
  ASSERT_GT(different.size(), 1u) << years.out << years.err;
  const Outcome run =
      driftcage({"run", "--record", "r", "--deadline", "10m"}, jumping);
  EXPECT_EQ(run.code, 1) << run.out << run.err;
  EXPECT_THAT(verdicts_of(folder_ / "r"),
              ElementsAre("tiny/a pass", "tiny/b no-repro", "tiny/x xfail"));
  const json record = json::parse(read_text(folder_ / "r/run.json"));
  EXPECT_TRUE(record["complete"]);
  // Durations are those of a clock that does not jump.
  const std::uint64_t whole = record["duration_ns"];
  EXPECT_LT(whole, 600'000'000'000u);
  std::ifstream lines(folder_ / "r/results.jsonl");
  for (std::string line; std::getline(lines, line);) {
    EXPECT_LE(json::parse(line)["duration_ns"].get<std::uint64_t>(), whole);
  }
  EXPECT_EQ(driftcage({"judge", "r"}, jumping).code, 1);
}

TEST_F(Robust, ADiskThatFillsEndsTheRunWithItsName) {
  for (int i = 0; i < 40; ++i) {
    const std::string id = "fill/n" + std::to_string(i);
    write("scenarios/" + id + ".toml", scenario(id, "ENOENT"));
  }
  const std::string mount =
      "unshare -rm sh -c 'mount -t tmpfs -o size=400k t full && ";
  fs::create_directory(folder_ / "full");
  const Outcome can = shell(mount + "true'");
  DRIFTCAGE_SKIP_UNLESS_EMPTY(can.code == 0 ? ""
                                            : "no mounts here: " + can.err);
  const Outcome run =
      shell(mount + "exec \"$0\" run fill --record full/r' \"$0\"");
  EXPECT_EQ(run.code, 3) << run.out << run.err;
  EXPECT_THAT(run.out + run.err, HasSubstr("ENOSPC"));
  // What it says passed did pass before.
  EXPECT_THAT(run.out, Not(HasSubstr("40 pass")));
}

TEST_F(Robust, ACellThatIsKilledIsAnErrorAndLeavesNothing) {
  write("scenarios/tiny/z.toml", endless("tiny/z"));
  Setting setting = own();
  setting.set["TERM"] = "xterm";
  OnTerminal run(
      {DRIFTCAGE_PROGRAM, "run", "tiny/z", "tiny/a", "--record", "r"}, setting);
  ASSERT_TRUE(run.wait_for("tiny/z  fault")) << run.screen();
  const std::string self = std::to_string(run.pid());
  std::ifstream children("/proc/" + self + "/task/" + self + "/children");
  std::vector<pid_t> cells;
  for (pid_t cell = 0; children >> cell;) cells.push_back(cell);
  ASSERT_FALSE(cells.empty());
  for (const pid_t cell : cells) ::kill(cell, SIGKILL);
  EXPECT_EQ(run.finish(), 3) << run.screen();
  EXPECT_THAT(verdicts_of(folder_ / "r"), Contains("tiny/z error"));
  EXPECT_THAT(run.screen(),
              HasSubstr("the helper ended with SIGKILL before it reported"));
}

// Pid 1 of a cage that `runner` made; 0 when there is none.
pid_t cage_init(pid_t runner) {
  for (const auto& entry : fs::directory_iterator("/proc")) {
    std::ifstream status(entry.path() / "status");
    pid_t parent = 0;
    bool first = false;
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("PPid:")) parent = std::stoi(line.substr(5));
      if (line.starts_with("NSpid:")) first = line.ends_with("\t1");
    }
    const std::string name = entry.path().filename();
    if (!first || name.find_first_not_of("0123456789") != name.npos) continue;
    while (parent > 1 && parent != runner) {
      std::ifstream above("/proc/" + std::to_string(parent) + "/status");
      parent = 0;
      for (std::string line; std::getline(above, line);) {
        if (line.starts_with("PPid:")) parent = std::stoi(line.substr(5));
      }
    }
    if (parent == runner) return std::stoi(name);
  }
  return 0;
}

// As a kernel that is short of memory may do. The payload's end by SIGKILL
// would be a pass here if it was taken for its own.
TEST_F(Robust, ACageWhosePidOneIsKilledIsAnError) {
  std::string text =
      shell_scenario("tiny/z", "ENOENT", "cat data.txt || while :; do :; done");
  text.replace(text.find("exit = 1"), 8, "exit = \"nonzero\"");
  text.erase(text.find("see "));
  write("scenarios/tiny/z.toml", text);
  Setting setting = own();
  setting.set["TERM"] = "xterm";
  OnTerminal run({DRIFTCAGE_PROGRAM, "run", "tiny/z", "--record", "r"},
                 setting);
  ASSERT_TRUE(run.wait_for("tiny/z  fault")) << run.screen();
  pid_t init = 0;
  for (int tries = 0; init == 0 && tries < 10'000; ++tries)
    init = cage_init(run.pid());
  ASSERT_NE(init, 0) << run.screen();
  ::kill(init, SIGKILL);
  EXPECT_EQ(run.finish(), 3) << run.screen();
  EXPECT_THAT(verdicts_of(folder_ / "r"), ElementsAre("tiny/z error"));
  EXPECT_THAT(run.screen(), HasSubstr("something outside killed its pid 1"));
}

TEST_F(Robust, AFifoAmongScenariosIsRefused) {
  // A shell's own one is read.
  EXPECT_EQ(execute({"bash", "-c", "$0 check <(cat scenarios/tiny/a.toml)",
                     DRIFTCAGE_PROGRAM},
                    own())
                .code,
            0);
  ASSERT_EQ(shell("mkdir scenarios/_lib; mkfifo scenarios/_lib/f.toml").code,
            0);
  std::string text = scenario("tiny/c", "ENOENT");
  text.insert(text.find("run "), "include = [\"../_lib/f.toml\"]\n");
  write("scenarios/tiny/c.toml", text);
  EXPECT_THAT(shell("timeout 20 $0 check tiny/c 2>&1").out,
              HasSubstr("it is a fifo"));
  ASSERT_EQ(shell("mkfifo scenarios/tiny/f.toml").code, 0);
  for (const char* command : {"run", "check"}) {
    const Outcome outcome =
        shell("timeout 20 $0 " + std::string(command) + " tiny");
    EXPECT_EQ(outcome.code, 2) << command << outcome.out << outcome.err;
    EXPECT_THAT(outcome.out + outcome.err, HasSubstr("it is a fifo"));
  }
}

// Everything that a format file can be made of is in the record.
TEST_F(Robust, ARecordTellsTheSameWhenItIsJudgedAgain) {
  write("scenarios/_lib/data.toml", "[files]\n\"data.txt\" = \"here\\n\"\n");
  std::string matrix = scenario("all/matrix", "${error}");
  matrix.replace(matrix.find("[files]\n\"data.txt\" = \"here\\n\"\n"), 29,
                 "[matrix]\nerror = [\"EACCES\", \"ENOENT\"]\n");
  matrix.insert(matrix.find("run "), "include = [\"../_lib/data.toml\"]\n");
  write("scenarios/all/matrix.toml", matrix);
  std::string steps = scenario("all/steps", "ENOENT");
  steps.replace(steps.find("run    = [\"cat\", \"data.txt\"]"), 28,
                "[[step]]\nname = \"one\"\nrun = [\"echo\", \"hi\"]\n"
                "[[step]]\nname = \"two\"\nrun = [\"cat\", \"data.txt\"]\n"
                "expect.exit = 1\n");
  steps.replace(steps.find("exit = 1\nsee"), 8, "exit = \"any\"");
  write("scenarios/all/steps.toml", steps);
  write("waivers.toml",
        "schema = 1\n[[waiver]]\nid = \"tiny/b\"\nwhy = \"known\"\n"
        "until = 2999-01-01\n");
  const Outcome run =
      driftcage({"run", "--record", "r", "--waivers", "waivers.toml"}, own());
  EXPECT_THAT(
      verdicts_of(folder_ / "r"),
      ElementsAre("all/matrix[EACCES] no-repro", "all/matrix[ENOENT] pass",
                  "all/steps pass", "tiny/a pass", "tiny/b xfail"))
      << run.out << run.err;
  // The record alone tells: nothing else is there any more.
  fs::remove_all(folder_ / "scenarios");
  fs::remove(folder_ / "waivers.toml");
  const Outcome again = driftcage({"judge", "r", "--format", "jsonl"}, own());
  std::vector<std::string> judged;
  std::istringstream lines(again.out);
  for (std::string line; std::getline(lines, line);) {
    const json entry = json::parse(line);
    if (entry["type"] != "result") continue;
    judged.push_back(entry["id"].get<std::string>() + " " +
                     entry["verdict"].get<std::string>());
  }
  std::sort(judged.begin(), judged.end());
  EXPECT_EQ(judged, verdicts_of(folder_ / "r")) << again.out << again.err;
}

TEST_F(Robust, ATraceIsStoredUpToItsLimitAndJudgedWhole) {
  const Outcome run = driftcage(
      {"run", "tiny/a", "--record", "r", "--max-trace", "1KiB"}, own());
  EXPECT_EQ(run.code, 0) << run.out << run.err;
  EXPECT_LE(fs::file_size(folder_ / "r/host/tiny/a/fault/trace.dct"), 1024u);
  EXPECT_THAT(read_text(folder_ / "r/host/tiny/a/result.json"),
              HasSubstr("all of the trace was judged"));
  // What is not there cannot be judged again, and is no pass.
  const Outcome judge = driftcage({"judge", "r"}, own());
  EXPECT_EQ(judge.code, 3);
  EXPECT_THAT(judge.out, HasSubstr("it is cut off"));
  EXPECT_EQ(driftcage({"run", "--max-trace", "much"}, own()).code, 2);
}

// A scenario that has ended costs a name and a line, not its result.
TEST_F(Robust, MemoryDoesNotGrowWithTheResults) {
  const auto run_of = [this](std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      const std::string id = "many/s" + std::to_string(i);
      write("scenarios/" + id + ".toml", scenario(id, "ENOENT"));
    }
    const Outcome run = call({"run", "-q", "many"});
    EXPECT_EQ(run.code, 0) << run.out.substr(0, 1000) << run.err;
    rusage usage{};
    ::getrusage(RUSAGE_CHILDREN, &usage);
    return usage.ru_maxrss;  // KiB, of the largest one until now
  };
  constexpr std::size_t kFew = 300;
  constexpr std::size_t kMany = 1200;
  const long few = run_of(kFew);
  const long many = run_of(kMany);
  EXPECT_LT(many - few, static_cast<long>(2 * (kMany - kFew)));
  RecordProperty("few", std::to_string(few));
  RecordProperty("many", std::to_string(many));
}

}  // namespace
}  // namespace driftcage::cli_test
