// SPDX-License-Identifier: Apache-2.0
#include "harness/match/judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <csignal>

namespace driftcage::match {
namespace {

using model::Verdict;
using scenario::ExitPattern;
using testing::HasSubstr;

model::EventLine line_at(std::uint32_t line) {
  model::EventLine result;
  result.at = {"t.toml", line, 1, 1};
  return result;
}

// One see, one never and one keep line, a right fix and a decoy.
scenario::Scenario sample() {
  scenario::Scenario scenario;
  scenario.file = "t.toml";
  scenario.timeout_ms = 1500;
  scenario.expect.see = {line_at(10)};
  scenario.expect.never = {line_at(11)};
  scenario.expect.keep = {line_at(12)};
  ExitPattern nonzero;
  nonzero.kind = ExitPattern::Kind::Nonzero;
  nonzero.at = {"t.toml", 9, 1, 1};
  scenario.expect.leg.exit = nonzero;
  scenario::Fix right;
  right.id = "right";
  right.at = {"t.toml", 20, 1, 1};
  scenario::Fix wrong;
  wrong.id = "wrong";
  wrong.wrong = true;
  wrong.at = {"t.toml", 30, 1, 1};
  scenario.fixes = {right, wrong};
  return scenario;
}

LegResult leg(scenario::Leg which, const std::string& name,
              std::array<std::uint64_t, 3> counts, int exit) {
  LegResult result;
  result.leg = which;
  result.name = name;
  result.end.status = base::WaitStatus::exited(exit);
  for (const std::uint64_t count : counts) {
    LineMatch match;
    match.count = count;
    match.holds = count > 0;
    match.first.resize(std::min<std::uint64_t>(count, 3));
    result.lines.push_back(match);
  }
  return result;
}

enum : std::size_t { kControl, kFault, kRight, kWrong };

std::vector<LegResult> good_legs() {
  return {leg(scenario::Leg::Control, "control", {0, 1, 1}, 0),
          leg(scenario::Leg::Fault, "fault", {1, 0, 1}, 1),
          leg(scenario::Leg::Fix, "fix:right", {0, 2, 1}, 0),
          leg(scenario::Leg::Fix, "fix:wrong", {3, 0, 1}, 1)};
}

void set_count(LegResult& leg, std::size_t line, std::uint64_t count) {
  leg.lines[line].count = count;
  leg.lines[line].holds = count > 0;
  leg.lines[line].first.resize(std::min<std::uint64_t>(count, 3));
}

struct Expected {
  Verdict verdict;
  const char* leg;
  std::uint32_t line;
};

void expect(const Judgement& judgement, const Expected& expected) {
  EXPECT_EQ(model::verdict_name(judgement.verdict),
            model::verdict_name(expected.verdict))
      << judgement.reason;
  EXPECT_EQ(judgement.leg, expected.leg);
  EXPECT_FALSE(judgement.reason.empty());
  ASSERT_FALSE(judgement.findings.empty());
  EXPECT_EQ(judgement.findings[0].verdict, expected.verdict);
  EXPECT_EQ(judgement.findings[0].leg, expected.leg);
  EXPECT_EQ(judgement.findings[0].at.line, expected.line);
  EXPECT_FALSE(judgement.findings[0].message.empty());
}

TEST(Judge, EverythingAsStatedIsAPass) {
  const Judgement judgement = judge(sample(), good_legs());
  EXPECT_EQ(judgement.verdict, Verdict::Pass);
  EXPECT_EQ(judgement.reason, "");
  EXPECT_TRUE(judgement.findings.empty());
}

TEST(Judge, SeeInControlIsAFalseAlarm) {
  auto legs = good_legs();
  set_count(legs[kControl], 0, 2);
  const Judgement judgement = judge(sample(), legs);
  expect(judgement, {Verdict::FalseAlarm, "control", 10});
  EXPECT_EQ(judgement.findings[0].seen.size(), 2u);
}

TEST(Judge, NeverThatIsAbsentInControlIsAFalseAlarm) {
  auto legs = good_legs();
  set_count(legs[kControl], 1, 0);
  expect(judge(sample(), legs), {Verdict::FalseAlarm, "control", 11});
}

TEST(Judge, SeeAbsentUnderTheFaultIsNoRepro) {
  auto legs = good_legs();
  set_count(legs[kFault], 0, 0);
  legs[kFault].lines[0].closest.resize(1);
  const Judgement judgement = judge(sample(), legs);
  expect(judgement, {Verdict::NoRepro, "fault", 10});
  EXPECT_EQ(judgement.findings[0].closest.size(), 1u);
}

TEST(Judge, NeverPresentUnderTheFaultIsNoRepro) {
  auto legs = good_legs();
  set_count(legs[kFault], 1, 1);
  expect(judge(sample(), legs), {Verdict::NoRepro, "fault", 11});
}

TEST(Judge, KeepHoldsEverywhere) {
  auto legs = good_legs();
  set_count(legs[kFault], 2, 0);
  expect(judge(sample(), legs), {Verdict::Fail, "fault", 12});
  legs = good_legs();
  set_count(legs[kControl], 2, 0);
  expect(judge(sample(), legs), {Verdict::Fail, "control", 12});
  legs = good_legs();
  set_count(legs[kRight], 2, 0);
  expect(judge(sample(), legs), {Verdict::Fail, "fix:right", 12});
}

TEST(Judge, ExitOfTheFaultLeg) {
  auto legs = good_legs();
  legs[kFault].end.status = base::WaitStatus::exited(0);
  const Judgement judgement = judge(sample(), legs);
  expect(judgement, {Verdict::Fail, "fault", 9});
  EXPECT_THAT(judgement.reason, HasSubstr("exit 0, expected a nonzero exit"));
}

TEST(Judge, ControlMustExitWithZeroUnlessToldOtherwise) {
  auto legs = good_legs();
  legs[kControl].end.status = base::WaitStatus::exited(3);
  expect(judge(sample(), legs), {Verdict::Fail, "control", 0});
  auto scenario = sample();
  scenario.control.exit.emplace();
  scenario.control.exit->codes = {2, 3};
  EXPECT_EQ(judge(scenario, legs).verdict, Verdict::Pass);
}

// Without a healthy control leg its lines say nothing.
TEST(Judge, BrokenControlOutranksFalseAlarm) {
  auto legs = good_legs();
  legs[kControl].end.status = base::WaitStatus::exited(3);
  set_count(legs[kControl], 1, 0);
  const Judgement judgement = judge(sample(), legs);
  EXPECT_EQ(judgement.verdict, Verdict::Fail);
  EXPECT_EQ(judgement.leg, "control");
  EXPECT_EQ(judgement.findings.size(), 2u);
}

TEST(Judge, NoReproOutranksTheExit) {
  auto legs = good_legs();
  set_count(legs[kFault], 0, 0);
  legs[kFault].end.status = base::WaitStatus::exited(0);
  expect(judge(sample(), legs), {Verdict::NoRepro, "fault", 10});
}

TEST(Judge, UnstatedExitIsFreeUnderTheFault) {
  auto scenario = sample();
  scenario.expect.leg.exit.reset();
  auto legs = good_legs();
  legs[kFault].end.status = base::WaitStatus::signalled(SIGSEGV);
  EXPECT_EQ(judge(scenario, legs).verdict, Verdict::Pass);
  legs[kFault].end.outcome = wire::Outcome::SpawnFailed;
  legs[kFault].end.error = {"execve", "/x", ENOENT, {}};
  EXPECT_EQ(judge(scenario, legs).verdict, Verdict::Fail);
}

TEST(Judge, RightFixMustRepair) {
  auto legs = good_legs();
  set_count(legs[kRight], 0, 1);
  expect(judge(sample(), legs), {Verdict::NotFixed, "fix:right", 10});
  legs = good_legs();
  set_count(legs[kRight], 1, 0);
  expect(judge(sample(), legs), {Verdict::NotFixed, "fix:right", 11});
  legs = good_legs();
  legs[kRight].end.status = base::WaitStatus::exited(1);
  expect(judge(sample(), legs), {Verdict::NotFixed, "fix:right", 20});
}

TEST(Judge, FixThatFailsIsNotBlamedForKeep) {
  auto legs = good_legs();
  legs[kRight].end.status = base::WaitStatus::exited(1);
  set_count(legs[kRight], 2, 0);
  const Judgement judgement = judge(sample(), legs);
  EXPECT_EQ(judgement.verdict, Verdict::NotFixed);
  EXPECT_EQ(judgement.findings.size(), 1u);
}

TEST(Judge, DecoyMustNotHelp) {
  auto legs = good_legs();
  set_count(legs[kWrong], 0, 0);
  expect(judge(sample(), legs), {Verdict::DecoyWorks, "fix:wrong", 10});
  legs = good_legs();
  set_count(legs[kWrong], 1, 1);
  expect(judge(sample(), legs), {Verdict::DecoyWorks, "fix:wrong", 11});
  legs = good_legs();
  legs[kWrong].end.status = base::WaitStatus::exited(0);
  expect(judge(sample(), legs), {Verdict::DecoyWorks, "fix:wrong", 9});
}

TEST(Judge, FixesMayStateTheirOwnExitAndOutput) {
  auto scenario = sample();
  scenario.fixes[0].expect.exit.emplace();
  scenario.fixes[0].expect.exit->codes = {7};
  scenario.fixes[0].expect.output.push_back(
      {scenario::OutputPattern::Stream::Stdout,
       false,
       "42",
       {"t.toml", 22, 1, 1}});
  auto legs = good_legs();
  expect(judge(scenario, legs), {Verdict::NotFixed, "fix:right", 20});
  legs[kRight].end.status = base::WaitStatus::exited(7);
  expect(judge(scenario, legs), {Verdict::NotFixed, "fix:right", 22});
  legs[kRight].stdout_text = "answer: 42\n";
  EXPECT_EQ(judge(scenario, legs).verdict, Verdict::Pass);
}

TEST(Judge, OutputsOfTheFaultLeg) {
  auto scenario = sample();
  using Stream = scenario::OutputPattern::Stream;
  scenario.expect.leg.output = {
      {Stream::Stderr, false, "a.b", {"t.toml", 13, 1, 1}},
      {Stream::Stderr, true, "go[0-9.]+ (?i)FOUND", {"t.toml", 14, 1, 1}},
      {Stream::Stdout, false, "", {"t.toml", 15, 1, 1}}};
  auto legs = good_legs();
  legs[kFault].stderr_text = "axb";
  Judgement judgement = judge(scenario, legs);
  expect(judgement, {Verdict::Fail, "fault", 13});
  EXPECT_EQ(judgement.findings.size(), 2u);
  EXPECT_THAT(judgement.findings[1].message, HasSubstr("not found in stderr"));
  legs[kFault].stderr_text = "a.b\ngo1.19 found\n";
  EXPECT_EQ(judge(scenario, legs).verdict, Verdict::Pass);
  // What is missing may be in the part that was cut out.
  legs[kFault].stderr_text = "axb";
  legs[kFault].output_cut = true;
  expect(judge(scenario, legs), {Verdict::Unresolved, "fault", 13});
}

TEST(Judge, CageErrorsAreErrors) {
  auto legs = good_legs();
  legs[kRight].end.outcome = wire::Outcome::CageError;
  legs[kRight].end.error = {"mount overlay", "/usr", EPERM, "see doctor"};
  const Judgement judgement = judge(sample(), legs);
  expect(judgement, {Verdict::Error, "fix:right", 20});
  EXPECT_THAT(judgement.reason, HasSubstr("mount overlay: /usr"));
  EXPECT_THAT(judgement.reason, HasSubstr("see doctor"));
}

TEST(Judge, TimeoutLeakAndCancel) {
  auto legs = good_legs();
  legs[kFault].end.outcome = wire::Outcome::Timeout;
  const Judgement timeout = judge(sample(), legs);
  expect(timeout, {Verdict::Timeout, "fault", 0});
  EXPECT_THAT(timeout.reason, HasSubstr("1500 ms"));
  EXPECT_EQ(timeout.findings.size(), 1u);
  legs[kControl].end.outcome = wire::Outcome::Leak;
  expect(judge(sample(), legs), {Verdict::Leak, "control", 0});
  legs[kWrong].end.outcome = wire::Outcome::Cancelled;
  expect(judge(sample(), legs), {Verdict::Error, "fix:wrong", 30});
}

TEST(Judge, MissingLegsAreErrors) {
  auto legs = good_legs();
  legs.pop_back();
  expect(judge(sample(), legs), {Verdict::Error, "fix:wrong", 30});
  expect(judge(sample(), {}), {Verdict::Error, "fault", 0});
}

TEST(Judge, WeakScenarioNeedsOnlyTheFaultLeg) {
  auto scenario = sample();
  scenario.fault_leg_only = true;
  const auto legs = good_legs();
  EXPECT_EQ(judge(scenario, {legs[kFault]}).verdict, Verdict::Pass);
}

TEST(Judge, IncompleteTraceHidesAbsenceButNotPresence) {
  auto legs = good_legs();
  // fault: see was seen, keep was seen; never must be absent and cannot be.
  legs[kFault].end.integrity = model::kIoUring;
  Judgement judgement = judge(sample(), legs);
  expect(judgement, {Verdict::Unresolved, "fault", 11});
  EXPECT_THAT(judgement.findings[0].message, HasSubstr("io-uring"));
  EXPECT_EQ(judgement.findings.size(), 1u);

  auto scenario = sample();
  scenario.expect.never.clear();
  for (LegResult& each : legs) each.lines.erase(each.lines.begin() + 1);
  EXPECT_EQ(judge(scenario, legs).verdict, Verdict::Pass);
  // Not seen could mean hidden: no verdict about the fault.
  set_count(legs[kFault], 0, 0);
  expect(judge(scenario, legs), {Verdict::Unresolved, "fault", 10});
  // What was seen though it must not stays seen.
  legs = good_legs();
  for (LegResult& each : legs) each.lines.erase(each.lines.begin() + 1);
  legs[kControl].end.integrity = model::kNestedFilter;
  set_count(legs[kControl], 0, 1);
  expect(judge(scenario, legs), {Verdict::FalseAlarm, "control", 10});
}

TEST(Judge, WhateverMayHideTheSignatureLeavesItUnresolved) {
  for (const std::uint32_t flag :
       {model::kNestedFilter, model::kIoUring, model::kCloneUntraced,
        model::kNestedPtrace, model::kForeignAbi, model::kUnreadable,
        model::kTruncated, model::kDetachedMount}) {
    auto legs = good_legs();
    legs[kFault].end.integrity = flag;
    set_count(legs[kFault], 0, 0);
    const Judgement judgement = judge(sample(), legs);
    EXPECT_EQ(judgement.verdict, Verdict::Unresolved) << flag;
    EXPECT_THAT(judgement.findings[0].message,
                HasSubstr(model::integrity_text(flag)));
  }
}

TEST(Judge, IncompleteTraceAndUpperLimits) {
  auto scenario = sample();
  scenario.expect.see.clear();
  scenario.expect.never.clear();
  scenario.expect.keep[0].count = {1, 2};
  auto legs = good_legs();
  for (LegResult& each : legs) {
    each.lines.erase(each.lines.begin(), each.lines.begin() + 2);
  }
  legs[kFault].end.integrity = model::kTruncated;
  EXPECT_EQ(judge(scenario, legs).verdict, Verdict::Unresolved);
  set_count(legs[kFault], 0, 3);
  EXPECT_EQ(judge(scenario, legs).verdict, Verdict::Fail);
}

TEST(Judge, CountRangesFlip) {
  auto scenario = sample();
  scenario.expect.see[0].count = {3, 5};
  auto legs = good_legs();
  set_count(legs[kControl], 0, 2);
  set_count(legs[kFault], 0, 3);
  EXPECT_EQ(judge(scenario, legs).verdict, Verdict::Pass);
  set_count(legs[kFault], 0, 6);
  const Judgement judgement = judge(scenario, legs);
  expect(judgement, {Verdict::NoRepro, "fault", 10});
  EXPECT_THAT(judgement.findings[0].message, HasSubstr("seen 6 times"));
}

wire::End ended(base::WaitStatus status) {
  wire::End end;
  end.status = status;
  return end;
}

ExitPattern pattern(ExitPattern::Kind kind) {
  ExitPattern result;
  result.kind = kind;
  return result;
}

TEST(ExitMismatch, EveryKind) {
  const auto exit = [](int code) {
    return ended(base::WaitStatus::exited(code));
  };
  const auto killed = ended(base::WaitStatus::signalled(SIGKILL));
  wire::End not_started;
  not_started.outcome = wire::Outcome::SpawnFailed;
  not_started.error = {"execve", "/x", ENOENT, {}};

  ExitPattern codes = pattern(ExitPattern::Kind::Codes);
  codes.codes = {1, 2, 7};
  EXPECT_EQ(exit_mismatch(codes, exit(7)), "");
  EXPECT_EQ(exit_mismatch(codes, exit(0)), "exit 0, expected exit 1, 2 or 7");
  EXPECT_EQ(exit_mismatch(codes, killed), "SIGKILL, expected exit 1, 2 or 7");

  const ExitPattern nonzero = pattern(ExitPattern::Kind::Nonzero);
  EXPECT_EQ(exit_mismatch(nonzero, exit(2)), "");
  EXPECT_EQ(exit_mismatch(nonzero, killed), "");
  EXPECT_NE(exit_mismatch(nonzero, exit(0)), "");
  EXPECT_NE(exit_mismatch(nonzero, not_started), "");

  const ExitPattern any = pattern(ExitPattern::Kind::Any);
  EXPECT_EQ(exit_mismatch(any, exit(9)), "");
  EXPECT_THAT(exit_mismatch(any, not_started),
              HasSubstr("could not be started"));

  ExitPattern signal = pattern(ExitPattern::Kind::Signal);
  signal.signal = SIGKILL;
  EXPECT_EQ(exit_mismatch(signal, killed), "");
  EXPECT_EQ(exit_mismatch(signal, exit(137)), "exit 137, expected SIGKILL");

  ExitPattern spawn = pattern(ExitPattern::Kind::Spawn);
  spawn.spawn_err = ENOENT;
  EXPECT_EQ(exit_mismatch(spawn, not_started), "");
  EXPECT_EQ(exit_mismatch(spawn, exit(127)),
            "exit 127, expected no start (ENOENT)");
  spawn.spawn_err = EACCES;
  EXPECT_NE(exit_mismatch(spawn, not_started), "");
}

TEST(OutputMatches, BadRegexIsAnError) {
  const auto result = output_matches(
      {scenario::OutputPattern::Stream::Stdout, true, "(", {}}, "x");
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message(), HasSubstr("regular expression"));
}

}  // namespace
}  // namespace driftcage::match
