// SPDX-License-Identifier: Apache-2.0
// Suites over real cages: what is reported, and what the record says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <thread>
#include <variant>

#include "harness/run/record.h"
#include "harness/run/warm_cache.h"
#include "harness/wire/codec.h"
#include "tests/cage/suite_fixture.h"

namespace driftcage::run {
namespace {

using ::testing::HasSubstr;

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

  // The stored trace is a complete stream of records, and sealed.
  wire::Decoder decoder;
  decoder.feed(read_text(folder / "fix-put-back/trace.dct"));
  bool ended = false;
  bool sealed = false;
  while (true) {
    const auto record = decoder.next();
    ASSERT_TRUE(record) << record.error().message();
    if (!*record) break;
    ended = ended || std::holds_alternative<wire::End>(**record);
    sealed = std::holds_alternative<wire::Seal>(**record);
  }
  EXPECT_TRUE(ended);
  EXPECT_TRUE(sealed);
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
  // Drafts of a run that goes on, and of one that was killed.
  const std::string ours = ".k.tmp" + std::to_string(::getpid());
  fs::create_directories(warm / ours / "x");
  fs::create_directories(warm / ".k.tmp4194305" / "x");  // above any pid
  EXPECT_EQ(remove_stale_caches(warm.string()).size(), 1u);
  EXPECT_TRUE(fs::exists(warm / ours));
  EXPECT_FALSE(fs::exists(warm / ".k.tmp4194305"));
  fs::remove_all(warm / ours);
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
