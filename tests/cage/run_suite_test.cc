// SPDX-License-Identifier: Apache-2.0
// Suites over real cages: what is reported, and what the record says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>
#include <thread>
#include <variant>

#include <nlohmann/json.hpp>

#include "harness/base/sys.h"
#include "harness/run/record.h"
#include "harness/run/suite.h"
#include "harness/run/warm_cache.h"
#include "harness/wire/codec.h"
#include "tests/cage/cell_run.h"
#include "tests/must_work.h"

namespace driftcage::run {
namespace {

namespace fs = std::filesystem;
using model::Verdict;
using nlohmann::json;
using ::testing::HasSubstr;

// Remembers what it was told.
class Listener : public SuiteObserver {
 public:
  void preparing(const std::string& what) override { said.push_back(what); }
  void started(std::size_t count, std::size_t, const std::string&) override {
    scenarios = count;
  }
  void running(const std::vector<RunningLeg>& legs, bool asked) override {
    if (!asked) return;
    asked_for.push_back(legs);
    if (on_asked) on_asked();
  }
  void interrupted(int signal) override { interrupted_by = signal; }
  [[nodiscard]] std::chrono::milliseconds tick() const override {
    return std::chrono::milliseconds(0);
  }
  void finished(const ScenarioResult& result) override {
    results.push_back(result);
    if (on_finished) on_finished();
  }

  std::vector<std::string> said;
  std::size_t scenarios = 0;
  std::vector<ScenarioResult> results;
  std::function<void()> on_finished;
  std::function<void()> on_asked;
  std::vector<std::vector<RunningLeg>> asked_for;
  int interrupted_by = 0;
};

model::EventLine line(model::Verb verb, const std::string& subject,
                      model::ResultPattern::Kind result) {
  model::EventLine line;
  line.verb = verb;
  line.subject = subject;
  line.result.kind = result;
  line.text = subject;
  return line;
}

// A program that is hidden by the fault.
scenario::Scenario hidden_program(const std::string& id) {
  scenario::Scenario scenario;
  scenario.id = id;
  scenario.source = "id = \"" + id + "\"\n";
  scenario.run = {"/bin/sh", "-c",
                  "/work/tool; code=$?; echo said; exit $code"};
  scenario::FileChange tool;
  tool.path = "tool";
  tool.text.emplace("#!/bin/sh\necho works\n");
  tool.mode = 0755;
  scenario.baseline.files = {tool};
  scenario::Fault fault;
  fault.id = "hide";
  fault.effects.hide = {"$WORK/tool"};
  scenario.faults = {fault};
  scenario.expect.leg.exit =
      scenario::ExitPattern{scenario::ExitPattern::Kind::Nonzero, {}, 0, 0, {}};
  scenario.expect.never = {
      line(model::Verb::Exec, "$WORK/tool", model::ResultPattern::Kind::Ok)};
  scenario::Fix fix;
  fix.id = "put-back";
  fix.lift = {"hide"};
  scenario::Fix decoy;
  decoy.id = "touch-other";
  decoy.run = {{"/bin/sh", "-c", "echo x > /work/other"}};
  decoy.wrong = true;
  scenario.fixes = {fix, decoy};
  return scenario;
}

class SuiteTest : public ::testing::Test {
 protected:
  void SetUp() override {
    DRIFTCAGE_SKIP_UNLESS_EMPTY(driftcage::testing::why_no_cages());
    std::string name = ::testing::TempDir() + "driftcage-suite-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    dir_ = name;
    ::setenv("DRIFTCAGE_CELL", driftcage::testing::cell_path().c_str(), 1);
    ::setenv("XDG_STATE_HOME", (dir_ / "state").c_str(), 1);
    ::setenv("XDG_CACHE_HOME", (dir_ / "cache").c_str(), 1);
    options_.images = {"dir:" + make_root()};
  }
  void TearDown() override {
    if (!dir_.empty()) fs::remove_all(dir_);
  }

  // The host's shell and libraries, and nothing else.
  std::string make_root() {
    const fs::path root = dir_ / "root";
    for (const char* folder : {"usr/bin", "etc", "tmp", "lib64", "lib"}) {
      fs::create_directories(root / folder);
    }
    fs::create_symlink("usr/bin", root / "bin");
    for (const char* file :
         {"/usr/bin/dash", "/usr/bin/env", "/usr/bin/true"}) {
      if (fs::exists(file)) fs::copy_file(file, root.string() + file);
    }
    fs::create_symlink("dash", root / "usr/bin/sh");
    for (const char* library :
         {"/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2"}) {
      const fs::path to = root.string() + library;
      fs::create_directories(to.parent_path());
      fs::copy_file(library, to);
    }
    return root.string();
  }

  // A program "go" in the image; to build means to run `line` there.
  void add_go(const std::string& line) {
    for (const char* name : {"go", "ln"}) {
      fs::copy_file(std::string("/usr/bin/") + (name[0] == 'g' ? "true" : name),
                    dir_ / "root/usr/bin" / name);
    }
    std::ofstream(dir_ / "root/usr/bin/go")
        << "#!/bin/sh\ncase $1 in\n"
           "version) echo go version go1.24.1 linux/amd64 ;;\n"
           "env) echo '{\"GOCACHE\": \"/c/cache\"}' ;;\n"
           "build) "
        << line << " ;;\nesac\n";
  }
  void add_mkdir() {
    for (const char* file :
         {"/usr/bin/mkdir", "/lib/x86_64-linux-gnu/libselinux.so.1",
          "/lib/x86_64-linux-gnu/libpcre2-8.so.0"}) {
      if (fs::exists(file)) fs::copy_file(file, dir_.string() + "/root" + file);
    }
  }
  [[nodiscard]] bool was_started() const {
    std::error_code none;
    for (const auto& entry :
         fs::directory_iterator(dir_ / "cache/driftcage/warm", none)) {
      if (fs::exists(entry.path() / "started", none)) return true;
    }
    return false;
  }
  // What is in the folder of warm caches but locks.
  [[nodiscard]] int warm_folders() const {
    int count = 0;
    for (const auto& entry :
         fs::directory_iterator(dir_ / "cache/driftcage/warm")) {
      if (entry.is_directory()) ++count;
    }
    return count;
  }

  base::Result<SuiteResult> run(
      const std::vector<scenario::Scenario>& scenarios) {
    return run_suite(hold(scenarios), options_, listener_);
  }
  static json read_json(const fs::path& file) {
    std::ifstream in(file);
    return json::parse(in);
  }
  static std::string read_text(const fs::path& file) {
    std::ifstream in(file);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
  }

  fs::path dir_;
  SuiteOptions options_;
  Listener listener_;
};

TEST_F(SuiteTest, JudgesEveryLegAndRecordsIt) {
  const auto result = run({hidden_program("t/hidden")});
  ASSERT_TRUE(result) << result.error().message() << result.error().hint;
  ASSERT_EQ(listener_.results.size(), 1u);
  const ScenarioResult& only = listener_.results[0];
  EXPECT_EQ(only.judgement.verdict, Verdict::Pass) << only.judgement.reason;
  ASSERT_EQ(only.legs.size(), 4u);
  EXPECT_EQ(only.legs[0].stdout_text, "works\nsaid\n");
  EXPECT_EQ(only.legs[1].stdout_text, "said\n");
  EXPECT_EQ(result->exit_code(options_), 0);

  const fs::path folder = only.record_folder;
  EXPECT_EQ(folder.string().rfind(result->record_folder, 0), 0u);
  EXPECT_EQ(read_text(folder / "scenario.toml"), "id = \"t/hidden\"\n");
  EXPECT_EQ(read_text(folder / "control/stdout"), "works\nsaid\n");
  const json judged = read_json(folder / "result.json");
  EXPECT_EQ(judged["verdict"], "pass");
  EXPECT_EQ(judged["legs"][3]["folder"], "fix-touch-other");
  const json run = read_json(fs::path(result->record_folder) / "run.json");
  EXPECT_TRUE(run["complete"]);
  EXPECT_EQ(run["images"][0]["libc"], "glibc");

  // The stored trace is a complete stream of records.
  wire::Decoder decoder;
  decoder.feed(read_text(folder / "fix-put-back/trace.dct"));
  bool ended = false;
  while (true) {
    const auto record = decoder.next();
    ASSERT_TRUE(record) << record.error().message();
    if (!*record) break;
    ended = std::holds_alternative<wire::End>(**record);
  }
  EXPECT_TRUE(ended);
  EXPECT_EQ(decoder.pending(), 0u);
}

TEST_F(SuiteTest, ReportsInOrderWhateverEndsFirst) {
  std::vector<scenario::Scenario> scenarios;
  for (int i = 0; i < 12; ++i) {
    scenarios.push_back(hidden_program("t/n" + std::to_string(i)));
  }
  // A skip and an error are known before anything of the first has run.
  scenarios[3].needs.tools["nonexistent-tool"] = "*";
  scenarios[7].faults[0].effects.hide = {"$NOPE"};
  options_.jobs = 5;
  const auto result = run(scenarios);
  ASSERT_TRUE(result) << result.error().message();
  ASSERT_EQ(listener_.results.size(), scenarios.size());
  for (std::size_t i = 0; i < scenarios.size(); ++i) {
    EXPECT_EQ(listener_.results[i].scenario.id, scenarios[i].id);
  }
  EXPECT_EQ(listener_.results[3].judgement.verdict, Verdict::Skip);
  EXPECT_THAT(listener_.results[3].judgement.reason,
              HasSubstr("nonexistent-tool"));
  EXPECT_EQ(listener_.results[7].judgement.verdict, Verdict::Error);
  EXPECT_THAT(listener_.results[7].judgement.reason, HasSubstr("$NOPE"));
  EXPECT_EQ(result->verdicts[static_cast<int>(Verdict::Pass)], 10u);
  EXPECT_EQ(result->exit_code(options_), 3);
}

TEST_F(SuiteTest, SignalStopsAndReportsWhatEnded) {
  std::vector<scenario::Scenario> scenarios;
  for (int i = 0; i < 50; ++i) {
    scenarios.push_back(hidden_program("t/n" + std::to_string(i)));
  }
  // This one ends by the signal only.
  scenarios[5].run = {"/bin/sh", "-c", "while :; do :; done"};
  listener_.on_finished = [this] {
    if (listener_.results.size() == 3) ::raise(SIGINT);
  };
  const auto result = run(scenarios);
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(result->signal, SIGINT);
  EXPECT_EQ(result->exit_code(options_), 130);
  EXPECT_GE(listener_.results.size(), 3u);
  EXPECT_LT(listener_.results.size(), scenarios.size());
  for (const ScenarioResult& done : listener_.results) {
    EXPECT_EQ(done.judgement.verdict, Verdict::Pass) << done.judgement.reason;
  }
  const json run = read_json(fs::path(result->record_folder) / "run.json");
  EXPECT_EQ(run["signal"], "SIGINT");
}

TEST_F(SuiteTest, OutputWithoutEndIsCut) {
  auto scenario = hidden_program("t/loud");
  scenario.run = {"/bin/sh", "-c",
                  "x=0123456789012345678901234567890123456789012345678;"
                  "i=0; while [ $i -lt 17 ]; do x=$x$x; i=$((i+1)); done;"
                  "echo first; echo $x; echo last; exit 1"};
  scenario.control.exit =
      scenario::ExitPattern{scenario::ExitPattern::Kind::Any, {}, 0, 0, {}};
  scenario.fixes.clear();
  const auto result = run({scenario});
  ASSERT_TRUE(result);
  const auto& leg = listener_.results[0].legs[0];
  EXPECT_TRUE(leg.output_cut);
  EXPECT_THAT(leg.stdout_text, ::testing::StartsWith("first\n"));
  EXPECT_THAT(leg.stdout_text, ::testing::EndsWith("last\n"));
  EXPECT_LT(leg.stdout_text.size(), 5u << 20);
}

TEST_F(SuiteTest, FactsAreProbedOnce) {
  ASSERT_TRUE(run({hidden_program("t/a")}));
  std::vector<fs::path> files;
  for (const auto& entry :
       fs::directory_iterator(dir_ / "cache/driftcage/facts")) {
    files.push_back(entry.path());
  }
  ASSERT_EQ(files.size(), 1u);
  const json facts = read_json(files[0]);
  EXPECT_EQ(facts["libc"], "glibc");
  EXPECT_EQ(facts["absent"], json({"gcc", "go"}));
  // A file that says otherwise is believed.
  json changed = facts;
  changed["libc"] = "musl";
  std::ofstream(files[0]) << changed;
  auto scenario = hidden_program("t/a");
  scenario.needs.libc = "glibc";
  const auto again = run({scenario});
  ASSERT_TRUE(again);
  EXPECT_EQ(listener_.results.back().judgement.verdict, Verdict::Skip);
}

TEST_F(SuiteTest, ACacheThatIsALinkIsNone) {
  add_go("ln -s " + (dir_ / "secret").string() + " /c/cache");
  fs::create_directory(dir_ / "secret");
  std::ofstream(dir_ / "secret/file") << "secret\n";
  auto scenario = hidden_program("t/cache");
  scenario.run = {"/bin/sh", "-c", "read line < /c/cache/file; echo $line"};
  for (int time = 0; time < 2; ++time) {
    ASSERT_TRUE(run({scenario}));
    EXPECT_EQ(listener_.results.back().legs[0].stdout_text, "\n");
  }
  EXPECT_THAT(listener_.said.back(), HasSubstr("stays cold"));
  EXPECT_EQ(warm_folders(), 0);
}

TEST_F(SuiteTest, NoRunSeesTheAgeOfACache) {
  add_go(
      "mkdir -p /c/cache; : > /c/cache/entry; "
      "printf %s 1000000000 > /c/cache/trim.txt");
  add_mkdir();
  auto scenario = hidden_program("t/cache");
  ASSERT_TRUE(run({scenario}));
  ASSERT_EQ(warm_folders(), 1);
  fs::path cache;
  for (const auto& entry :
       fs::directory_iterator(dir_ / "cache/driftcage/warm")) {
    if (entry.is_directory()) cache = entry.path() / "cache";
  }
  const auto old = fs::file_time_type::clock::now() - std::chrono::hours(48);
  fs::last_write_time(cache / "entry", old);
  ASSERT_TRUE(run({scenario}));
  EXPECT_GT(fs::last_write_time(cache / "entry"), old);
  EXPECT_NE(read_text(cache / "trim.txt"), "1000000000");
}

TEST_F(SuiteTest, ACacheThatNoRunUsesGoes) {
  add_go("mkdir -p /c/cache");
  add_mkdir();
  ASSERT_TRUE(run({hidden_program("t/a")}));
  const fs::path warm = dir_ / "cache/driftcage/warm";
  EXPECT_TRUE(remove_stale_caches(warm.string()).empty());
  ASSERT_EQ(warm_folders(), 1);
  for (const auto& entry : fs::directory_iterator(warm)) {
    if (entry.path().extension() != ".image") continue;
    fs::last_write_time(entry.path(), fs::file_time_type::clock::now() -
                                          std::chrono::hours(24 * 31));
  }
  EXPECT_EQ(remove_stale_caches(warm.string()).size(), 1u);
  EXPECT_EQ(warm_folders(), 0);
}

TEST_F(SuiteTest, ASignalWhileACacheIsWarmedLeavesNothing) {
  add_go(": > /c/started; while :; do :; done");
  std::thread interrupter([this] {
    while (!was_started()) std::this_thread::yield();
    ::kill(::getpid(), SIGINT);
  });
  const auto result = run({hidden_program("t/a")});
  interrupter.join();
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(result->signal, SIGINT);
  EXPECT_EQ(warm_folders(), 0);
}

TEST_F(SuiteTest, UnreadableImageIsAnErrorOfTheRun) {
  options_.images = {"dir:" + (dir_ / "missing").string()};
  const auto result = run({hidden_program("t/a")});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().err, ENOENT);
}

// Whether two scenarios ran at the same time, by the record's own clock.
bool overlap(const ScenarioResult& a, const ScenarioResult& b) {
  return a.started_ns < b.started_ns + b.duration_ns &&
         b.started_ns < a.started_ns + a.duration_ns;
}

TEST_F(SuiteTest, GroupsAndExclusiveScenariosAreHeldBack) {
  std::vector<scenario::Scenario> scenarios;
  for (int i = 0; i < 12; ++i) {
    scenarios.push_back(hidden_program("t/n" + std::to_string(i)));
    if (i % 3 == 0) scenarios.back().group = "net";
    if (i % 6 == 1) scenarios.back().exclusive = true;
  }
  options_.jobs = 6;
  const auto result = run(scenarios);
  ASSERT_TRUE(result) << result.error().message();
  ASSERT_EQ(listener_.results.size(), scenarios.size());
  bool any_overlap = false;
  for (const ScenarioResult& a : listener_.results) {
    EXPECT_EQ(a.judgement.verdict, Verdict::Pass) << a.judgement.reason;
    for (const ScenarioResult& b : listener_.results) {
      if (a.scenario.id == b.scenario.id) continue;
      any_overlap |= overlap(a, b);
      if (a.scenario.exclusive ||
          (a.scenario.group == "net" && b.scenario.group == "net")) {
        EXPECT_FALSE(overlap(a, b)) << a.scenario.id << b.scenario.id;
      }
    }
  }
  EXPECT_TRUE(any_overlap);
}

TEST_F(SuiteTest, ABadScenarioIsTriedAgainAndNothingIsLost) {
  auto scenario = hidden_program("t/bad");
  scenario.expect.leg.exit =
      scenario::ExitPattern{scenario::ExitPattern::Kind::Codes, {7}, 0, 0, {}};
  options_.retries = 1;
  scenario.retries = 2;
  const auto result = run({scenario, hidden_program("t/good")});
  ASSERT_TRUE(result) << result.error().message();
  ASSERT_EQ(listener_.results.size(), 2u);
  EXPECT_TRUE(listener_.results[1].retried.empty());
  const ScenarioResult& bad = listener_.results[0];
  EXPECT_EQ(bad.judgement.verdict, Verdict::Fail);
  EXPECT_FALSE(bad.flaky());
  ASSERT_EQ(bad.retried.size(), 2u);
  for (const Attempt& attempt : bad.retried) {
    EXPECT_EQ(attempt.verdict, Verdict::Fail);
    EXPECT_NE(attempt.record_folder, bad.record_folder);
    EXPECT_TRUE(fs::exists(attempt.record_folder + "/result.json"));
  }
  EXPECT_EQ(result->verdicts[static_cast<int>(Verdict::Fail)], 1u);
  EXPECT_EQ(result->exit_code(options_), 1);
}

TEST_F(SuiteTest, NothingIsStartedAfterTheLastAllowedFailure) {
  std::vector<scenario::Scenario> scenarios;
  for (int i = 0; i < 20; ++i) {
    scenarios.push_back(hidden_program("t/n" + std::to_string(i)));
    scenarios.back().faults[0].effects.hide = {"$NOPE"};
  }
  options_.max_fail = 2;
  options_.jobs = 1;
  const auto result = run(scenarios);
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(listener_.results.size(), 2u);
  EXPECT_EQ(result->stopped, "max-fail");
  EXPECT_EQ(result->not_run(), 18u);
}

TEST_F(SuiteTest, WhatIsAskedAfterAFailureRunsInItsSlot) {
  std::vector<scenario::Scenario> scenarios;
  for (const char* id : {"t/a", "t/b", "t/c"}) {
    scenarios.push_back(hidden_program(id));
    scenarios.back().faults[0].effects.hide = {"$WORK/other"};
    scenarios.back().collect = {{"/bin/sh", "-c", "echo asked"}};
  }
  options_.jobs = 1;
  const auto result = run(scenarios);
  ASSERT_TRUE(result) << result.error().message();
  ASSERT_EQ(listener_.results.size(), 3u);
  for (const ScenarioResult& bad : listener_.results) {
    EXPECT_FALSE(model::is_good(bad.judgement.verdict));
    EXPECT_EQ(
        base::sys::read_file(bad.record_folder + "/" +
                             leg_folder(bad.judgement.leg) + "/collect-1.txt")
            .value_or("nothing"),
        "asked\n");
  }
}

TEST_F(SuiteTest, TheDeadlineEndsWhatRunsAndJudgesNothingOfIt) {
  auto endless = hidden_program("t/endless");
  endless.run = {"/bin/sh", "-c", "while :; do :; done"};
  options_.deadline = std::chrono::milliseconds(1);
  const auto result = run({endless, hidden_program("t/other")});
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(result->stopped, "deadline");
  EXPECT_EQ(result->not_run(), 2u);
  EXPECT_EQ(result->exit_code(options_), 5);
  EXPECT_TRUE(listener_.results.empty());
}

TEST_F(SuiteTest, SomebodyWhoAsksIsToldWhatRuns) {
  auto endless = hidden_program("t/endless");
  endless.run = {"/bin/sh", "-c", "while :; do :; done"};
  endless.fault_leg_only = true;
  options_.jobs = 2;
  listener_.on_finished = [] { ::raise(SIGUSR1); };
  listener_.on_asked = [] { ::raise(SIGTERM); };
  const auto result = run({hidden_program("t/first"), endless});
  ASSERT_TRUE(result) << result.error().message();
  ASSERT_EQ(listener_.asked_for.size(), 1u);
  ASSERT_EQ(listener_.asked_for[0].size(), 1u);
  EXPECT_EQ(listener_.asked_for[0][0].id, "t/endless");
  EXPECT_EQ(listener_.asked_for[0][0].leg, "fault");
  EXPECT_EQ(listener_.interrupted_by, SIGTERM);
}

TEST_F(SuiteTest, KeepsWhatTheCommandLeft) {
  auto scenario = hidden_program("t/bad");
  scenario.run = {"/bin/sh", "-c",
                  "echo made > made; echo x >> sub/x; "
                  "echo t > /tmp/t; /work/tool"};
  scenario.expect.leg.exit =
      scenario::ExitPattern{scenario::ExitPattern::Kind::Codes, {7}, 0, 0, {}};
  scenario::FileChange inner;
  inner.path = "sub/x";
  inner.text.emplace("from the scenario\n");
  scenario.baseline.files.push_back(inner);
  options_.keep = Keep::Fail;
  auto good = hidden_program("t/good");
  ASSERT_TRUE(run({scenario, good}));
  const fs::path kept = listener_.results[0].record_folder + "/control/kept";
  EXPECT_EQ(read_text(kept / "0/made"), "made\n");
  EXPECT_EQ(read_text(kept / "0/sub/x"), "from the scenario\nx\n");
  EXPECT_EQ(read_text(kept / "0/tool"), "#!/bin/sh\necho works\n");
  EXPECT_EQ(read_text(kept / "2/t"), "t\n");
  EXPECT_FALSE(fs::exists(kept / "cut"));
  EXPECT_FALSE(
      fs::exists(listener_.results[1].record_folder + "/control/kept"));
}

TEST_F(SuiteTest, ADiskThatIsFullIsAnErrorAndNoPass) {
  // Past the limit of a file's size writes fail like on a full disk; SIGXFSZ
  // is ignored, as a runner's caller may have it (setrlimit(2)).
  const auto old = ::signal(SIGXFSZ, SIG_IGN);
  struct ::rlimit before {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  struct ::rlimit small = before;
  small.rlim_cur = 16384;
  ASSERT_TRUE(run({hidden_program("t/first")}));  // facts are known
  listener_.results.clear();
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  auto loud = hidden_program("t/loud");
  loud.run = {"/bin/sh", "-c",
              "i=0; while [ $i -lt 2000 ]; do : < /work/tool; i=$((i+1)); "
              "done; /work/tool"};
  const auto result = run({loud});
  ::setrlimit(RLIMIT_FSIZE, &before);
  ::signal(SIGXFSZ, old);
  ASSERT_TRUE(result) << result.error().message();
  ASSERT_EQ(listener_.results.size(), 1u);
  EXPECT_EQ(listener_.results[0].judgement.verdict, Verdict::Error);
  EXPECT_THAT(listener_.results[0].judgement.reason, HasSubstr("EFBIG"));
}

}  // namespace
}  // namespace driftcage::run
