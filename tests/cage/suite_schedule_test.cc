// SPDX-License-Identifier: Apache-2.0
// What runs when: groups, retries, limits, deadlines, and who asks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "harness/base/sys.h"
#include "harness/run/record.h"
#include "tests/cage/suite_fixture.h"

namespace driftcage::run {
namespace {

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

// A slow first scenario holds back what others have come to.
TEST_F(SuiteTest, WhatIsDecidedIsCountedBeforeItIsReported) {
  auto endless = hidden_program("t/endless");
  endless.run = {"/bin/sh", "-c", "while :; do :; done"};
  endless.fault_leg_only = true;
  options_.jobs = 2;
  options_.schedule.order = Order::File;
  listener_.on_decided = [this] {
    EXPECT_TRUE(listener_.results.empty());
    ::raise(SIGTERM);
  };
  const auto result = run({endless, hidden_program("t/second")});
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(listener_.decisions, 1u);
  ASSERT_EQ(listener_.results.size(), 1u);
  EXPECT_EQ(listener_.results[0].scenario.id, "t/second");
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

}  // namespace
}  // namespace driftcage::run
