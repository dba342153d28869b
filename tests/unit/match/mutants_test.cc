// SPDX-License-Identifier: Apache-2.0
#include "harness/match/mutants.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace driftcage::match {
namespace {

using model::Verdict;

model::EventLine line(const std::string& text) {
  model::EventLine result;
  result.text = text;
  return result;
}

// Two lines of each kind, two faults, a right fix and a decoy.
scenario::Scenario sample() {
  scenario::Scenario scenario;
  scenario.expect.see = {line("see 1"), line("see 2")};
  scenario.expect.never = {line("never 1"), line("never 2")};
  scenario.expect.keep = {line("keep 1"), line("keep 2")};
  scenario.faults.resize(2);
  scenario.faults[0].id = "a";
  scenario.faults[0].effects.hide = {"/a"};
  scenario.faults[1].id = "b";
  scenario.faults[1].effects.hide = {"/b"};
  scenario.fixes.resize(2);
  scenario.fixes[0].id = "right";
  scenario.fixes[0].lift = {"a", "b"};
  scenario.fixes[1].id = "decoy";
  scenario.fixes[1].wrong = true;
  return scenario;
}

LegResult leg(scenario::Leg which, const std::string& name,
              const std::vector<std::uint64_t>& counts) {
  LegResult result;
  result.leg = which;
  result.name = name;
  result.end.status = base::WaitStatus::exited(0);
  for (const std::uint64_t count : counts) {
    LineMatch match;
    match.count = count;
    match.holds = count > 0;
    result.lines.push_back(match);
  }
  return result;
}

std::vector<LegResult> good_legs() {
  return {leg(scenario::Leg::Control, "control", {0, 0, 1, 2, 3, 4}),
          leg(scenario::Leg::Fault, "fault", {5, 6, 0, 0, 7, 8}),
          leg(scenario::Leg::Fix, "fix:right", {0, 0, 9, 10, 11, 12}),
          leg(scenario::Leg::Fix, "fix:decoy", {13, 14, 0, 0, 15, 16})};
}

TEST(Mutants, OneOfEachClaim) {
  std::vector<std::string> what;
  for (const Mutant& mutant : mutants(sample())) what.push_back(mutant.what);
  EXPECT_THAT(
      what,
      testing::ElementsAre(
          "see turned into never: see 1", "see turned into never: see 2",
          "never turned into see: never 1", "never turned into see: never 2",
          "keep turned into see: keep 1", "keep turned into see: keep 2",
          "fault a dropped", "fault b dropped", "fix right declared wrong",
          "fix right dropped", "fix decoy declared right"));
}

TEST(Mutants, EachWithoutARunIsRed) {
  ASSERT_EQ(judge(sample(), good_legs()).verdict, Verdict::Pass);
  int judged = 0;
  for (const Mutant& mutant : mutants(sample())) {
    if (mutant.needs_a_run) continue;
    const Judgement judgement = judge_mutant(mutant, good_legs());
    EXPECT_TRUE(is_red(judgement.verdict)) << mutant.what;
    // The other lines were not shifted: only one is wrong in a leg.
    if (mutant.kind == Mutant::Kind::Line) {
      std::size_t in_control = 0;
      for (const Finding& finding : judgement.findings) {
        if (finding.leg == "control") ++in_control;
      }
      EXPECT_EQ(in_control, 1u) << mutant.what;
    }
    ++judged;
  }
  EXPECT_EQ(judged, 8);
}

TEST(Mutants, DroppedOnesChangeNothing) {
  for (const Mutant& mutant : mutants(sample())) {
    if (mutant.what == "fault b dropped") {
      EXPECT_TRUE(mutant.scenario.faults[1].effects.hide.empty());
      EXPECT_FALSE(mutant.scenario.faults[0].effects.hide.empty());
    }
    if (mutant.what == "fix right dropped") {
      EXPECT_TRUE(mutant.scenario.fixes[0].lift.empty());
      EXPECT_FALSE(mutant.scenario.fixes[0].wrong);
    }
  }
}

TEST(Mutants, AnErrorOfTheHostIsNoAnswer) {
  EXPECT_FALSE(is_red(Verdict::Error));
  EXPECT_FALSE(is_red(Verdict::Skip));
  EXPECT_FALSE(is_red(Verdict::Pass));
  EXPECT_TRUE(is_red(Verdict::NotFixed));
}

}  // namespace
}  // namespace driftcage::match
