// SPDX-License-Identifier: Apache-2.0
#include "harness/match/steps.h"

#include <gtest/gtest.h>

#include "harness/match/judge.h"
#include "harness/scenario/steps.h"

namespace driftcage::match {
namespace {

std::string mark(int exit) {
  return std::string(scenario::kStepMark) + std::to_string(exit) + "\n";
}

TEST(Steps, AreCutAtTheirMarks) {
  std::string out = "one\n" + mark(0) + mark(3) + "rest";
  std::string err = mark(0) + "two: no end" + mark(3);
  const auto steps = take_steps(&out, &err);
  ASSERT_EQ(steps.size(), 2u);
  EXPECT_EQ(steps[0].exit, 0);
  EXPECT_EQ(steps[0].stdout_text, "one\n");
  EXPECT_EQ(steps[0].stderr_text, "");
  EXPECT_EQ(steps[1].exit, 3);
  EXPECT_EQ(steps[1].stdout_text, "");
  EXPECT_EQ(steps[1].stderr_text, "two: no end");
  EXPECT_EQ(out, "one\nrest");
  EXPECT_EQ(err, "two: no end");
}

TEST(Steps, TextWithoutMarksIsLeftAlone) {
  std::string out = "plain\n";
  std::string err;
  EXPECT_TRUE(take_steps(&out, &err).empty());
  EXPECT_EQ(out, "plain\n");
}

TEST(Steps, AMarkThatWasCutOffEndsTheText) {
  std::string out = "a" + std::string(scenario::kStepMark) + "1";
  std::string err = mark(1);
  ASSERT_EQ(take_steps(&out, &err).size(), 1u);
  EXPECT_EQ(out, "a");
}

scenario::Scenario two_steps() {
  scenario::Scenario scenario;
  scenario.fault_leg_only = true;
  scenario::Step first;
  first.name = "first";
  first.at = {"t.toml", 5, 1, 1};
  scenario::Step second = first;
  second.name = "second";
  second.expect.exit.emplace();
  second.expect.exit->codes = {3};
  scenario.steps = {first, second};
  return scenario;
}

LegResult fault_leg(std::vector<StepResult> steps) {
  LegResult leg;
  leg.leg = scenario::Leg::Fault;
  leg.name = "fault";
  leg.steps = std::move(steps);
  return leg;
}

TEST(Steps, EachIsJudged) {
  const scenario::Scenario scenario = two_steps();
  EXPECT_EQ(judge(scenario, {fault_leg({{0, "", ""}, {3, "", ""}})}).verdict,
            model::Verdict::Pass);
  const Judgement wrong =
      judge(scenario, {fault_leg({{0, "", ""}, {0, "", ""}})});
  EXPECT_EQ(wrong.verdict, model::Verdict::Fail);
  EXPECT_EQ(wrong.findings.at(0).message,
            "step \"second\": exit 0, expected exit 3");
  const Judgement missing = judge(scenario, {fault_leg({{0, "", ""}})});
  EXPECT_EQ(missing.findings.at(0).message,
            "step \"second\" did not come to its end");
}

TEST(Steps, MustSucceedWithoutTheFault) {
  scenario::Scenario scenario = two_steps();
  scenario.fault_leg_only = false;
  LegResult control = fault_leg({{0, "", ""}, {3, "", ""}});
  control.leg = scenario::Leg::Control;
  control.name = "control";
  const Judgement judged =
      judge(scenario, {control, fault_leg({{0, "", ""}, {3, "", ""}})});
  EXPECT_EQ(judged.verdict, model::Verdict::Fail);
  EXPECT_EQ(judged.leg, "control");
}

TEST(Steps, OnlyThoseOfTheLegCount) {
  scenario::Scenario scenario = two_steps();
  scenario.steps[0].legs = {scenario::Leg::Control};
  EXPECT_EQ(judge(scenario, {fault_leg({{3, "", ""}})}).verdict,
            model::Verdict::Pass);
}

}  // namespace
}  // namespace driftcage::match
