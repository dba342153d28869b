// SPDX-License-Identifier: Apache-2.0
#include "harness/learn/course.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/learn/assess.h"
#include "harness/learn/screens.h"
#include "harness/learn/verify.h"
#include "tests/unit/learn/lessons.h"

namespace driftcage::learn {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// Control, fault and fix legs as the planner would make them.
plan::ScenarioPlan plan_of(const scenario::Scenario& scenario) {
  plan::ScenarioPlan plan;
  plan.variables = {{"WORK", "/work"}};
  const auto add = [&](const std::string& name, const char* place) {
    plan::LegPlan leg;
    leg.name = name;
    if (place != nullptr) leg.spec.environment["PLACE"] = place;
    plan.legs.push_back(std::move(leg));
  };
  add("control", nullptr);
  add("fault", "there");
  add("fix:back", nullptr);
  add("fix:longer", "farther away");
  add("fix:modes", "there");
  plan.scenario = &scenario;
  return plan;
}

TEST(Course, IsInTheOrderOfLevelOrderAndId) {
  const std::vector<scenario::Scenario> all{
      lesson("x/b", 2, "order = 1\n"), lesson("x/c", 1),
      lesson("x/a", 2, "order = 1\n"), lesson("x/first", 2)};
  std::vector<std::string> ids;
  for (const auto* one : course_of(all)) ids.push_back(one->id);
  EXPECT_THAT(ids, ElementsAre("x/c", "x/first", "x/a", "x/b"));
}

TEST(Course, ALessonIsFoundByNumberIdAndLastPart) {
  const std::vector<scenario::Scenario> all{lesson("x/one"), lesson("x/two"),
                                            lesson("y/two")};
  const auto course = course_of(all);
  EXPECT_EQ(find_lesson(course, "2").value(), 1u);
  EXPECT_EQ(find_lesson(course, "y/two").value(), 2u);
  EXPECT_EQ(find_lesson(course, "one").value(), 0u);
  EXPECT_FALSE(find_lesson(course, "two"));
  EXPECT_FALSE(find_lesson(course, "0"));
  EXPECT_FALSE(find_lesson(course, "4"));
}

TEST(Course, SourcesAreProtectedUnlessARightFixIsAboutThem) {
  EXPECT_THAT(protected_paths(lesson("x/a")), ElementsAre("/work/main.go"));
  EXPECT_THAT(protected_paths(lesson("x/a", 1, "protect = [\"data\"]\n")),
              ElementsAre("/work/data"));
}

TEST(Typing, FixesBecomeLinesOfAShell) {
  const auto scenario = lesson("x/a");
  const auto plan = plan_of(scenario);
  EXPECT_THAT(typed_lines(scenario, scenario.fixes[0], plan),
              ElementsAre("unset PLACE"));
  EXPECT_THAT(typed_lines(scenario, scenario.fixes[1], plan),
              ElementsAre("export PLACE='farther away'"));
  EXPECT_THAT(typed_lines(scenario, scenario.fixes[2], plan),
              ElementsAre("chmod 600 /work/main_test.go"));
}

TEST(Typing, WhatTheAuthorWroteWins) {
  const auto scenario =
      lesson("x/a", 1, "type.back = [\"cd /\", \"unset PLACE\"]\n");
  EXPECT_THAT(typed_lines(scenario, scenario.fixes[0], plan_of(scenario)),
              ElementsAre("cd /", "unset PLACE"));
}

TEST(Typing, WhatWasDoneIsRecognised) {
  const auto scenario = lesson("x/a");
  const auto plan = plan_of(scenario);
  const auto did_it = [&](std::size_t fix, const Changes& changes,
                          const EnvironmentMap& environment) {
    return did(scenario, scenario.fixes[fix], plan, changes, environment, {});
  };
  EXPECT_FALSE(did_it(0, {}, {{"PLACE", "there"}}));
  EXPECT_TRUE(did_it(0, {}, {}));
  EXPECT_TRUE(did_it(1, {}, {{"PLACE", "farther away"}}));
  EXPECT_FALSE(did_it(1, {}, {{"PLACE", "far"}}));
  Changes changes;
  EXPECT_FALSE(did_it(2, changes, {}));
  changes.paths.emplace_back("/work/main_test.go");
  EXPECT_TRUE(did_it(2, changes, {}));
}

TEST(Texts, AHintMustNotGiveTheSolutionAway) {
  const auto good = lesson("x/a");
  EXPECT_THAT(text_faults(good, plan_of(good)), IsEmpty());
  auto bad = lesson("x/a");
  bad.learn->hints[2] = "Type `unset PLACE`.";
  EXPECT_THAT(text_faults(bad, plan_of(bad)),
              ElementsAre("a hint gives the solution away: unset PLACE"));
  bad.learn->hints.pop_back();
  bad.learn->ask.clear();
  EXPECT_EQ(text_faults(bad, plan_of(bad)).size(), 2u);
}

match::LegResult leg(scenario::Leg kind, const std::string& name, bool see,
                     bool never, int exit) {
  match::LegResult result;
  result.leg = kind;
  result.name = name;
  result.end.status = base::WaitStatus::exited(exit);
  result.lines.resize(2);
  result.lines[0] = {see ? 1u : 0u, see, {}, {}, 0};
  result.lines[1] = {never ? 1u : 0u, never, {}, {}, 0};
  return result;
}

struct Trial {
  scenario::Scenario scenario = lesson("x/a");
  match::LegResult control =
      leg(scenario::Leg::Control, "control", false, true, 0);
  match::LegResult fault = leg(scenario::Leg::Fault, "fault", true, false, 1);

  Assessment of(match::LegResult you, const Changes& changes = {}) {
    return assess(scenario, {control, fault, std::move(you)}, changes);
  }
};

TEST(Assess, TheSignatureGoneAndTheCommandWorkingIsSolved) {
  Trial trial;
  const auto you = leg(scenario::Leg::Fix, kStudentLeg, false, true, 0);
  EXPECT_EQ(trial.of(you).kind, Assessment::Kind::Solved);
}

TEST(Assess, AProtectedFileMustStayAsItIs) {
  Trial trial;
  Changes changes;
  changes.paths = {"/work/main.go"};
  const auto result =
      trial.of(leg(scenario::Leg::Fix, kStudentLeg, false, true, 0), changes);
  EXPECT_EQ(result.kind, Assessment::Kind::NotYet);
  EXPECT_THAT(result.touched, ElementsAre("/work/main.go"));
}

TEST(Assess, TellsWhichHalfIsMissing) {
  Trial trial;
  const auto silent =
      trial.of(leg(scenario::Leg::Fix, kStudentLeg, false, true, 1));
  EXPECT_EQ(silent.kind, Assessment::Kind::NotYet);
  EXPECT_TRUE(silent.gone);
  EXPECT_FALSE(silent.works);
  const auto still =
      trial.of(leg(scenario::Leg::Fix, kStudentLeg, true, false, 0));
  EXPECT_FALSE(still.gone);
  EXPECT_TRUE(still.works);
}

TEST(Assess, WhatTheStudentDidNotBreakIsNoWrongAnswer) {
  const auto you = leg(scenario::Leg::Fix, kStudentLeg, true, false, 1);
  Trial no_cage;
  auto failed = you;
  failed.end.outcome = wire::Outcome::CageError;
  failed.end.error = {"mount", "/", 28, ""};
  EXPECT_EQ(no_cage.of(failed).kind, Assessment::Kind::Unknown);
  Trial no_repro;  // another Go, which does not have the trouble
  no_repro.fault = leg(scenario::Leg::Fault, "fault", false, true, 0);
  EXPECT_EQ(no_repro.of(you).kind, Assessment::Kind::Unknown);
  Trial sick;
  sick.control = leg(scenario::Leg::Control, "control", false, true, 1);
  EXPECT_EQ(sick.of(you).kind, Assessment::Kind::Unknown);
  Trial blind;
  auto incomplete = you;
  incomplete.lines[0] = {};
  incomplete.end.integrity = model::kTruncated;
  EXPECT_EQ(blind.of(incomplete).kind, Assessment::Kind::Unknown);
}

TEST(Assess, ACommandThatHangsIsNotSolvedYet) {
  Trial trial;
  auto you = leg(scenario::Leg::Fix, kStudentLeg, false, false, 0);
  you.end.outcome = wire::Outcome::Timeout;
  const auto result = trial.of(you);
  EXPECT_EQ(result.kind, Assessment::Kind::NotYet);
  EXPECT_TRUE(result.timeout);
}

TEST(Screens, AnUnknownResultBlamesNobody) {
  const auto scenario = lesson("x/a");
  Frame frame;
  frame.lesson = &scenario;
  Assessment unknown;
  unknown.reason = "mount: /: No space left on device (ENOSPC)";
  const std::string text = check_screen(frame, unknown, {});
  EXPECT_THAT(text, HasSubstr("not your mistake"));
  EXPECT_THAT(text, HasSubstr("ENOSPC"));
  EXPECT_THAT(text, Not(HasSubstr("Not yet")));
}

TEST(Screens, TheMenuHidesWhatIsToBeFound) {
  const std::vector<scenario::Scenario> all{lesson("x/secret")};
  const std::string before = menu_screen(course_of(all), {}, 80, false);
  EXPECT_THAT(before, Not(HasSubstr("secret")));
  EXPECT_THAT(before, HasSubstr("0 of 1 solved"));
  Attempt solved;
  solved.solved = true;
  const std::string after =
      menu_screen(course_of(all), {{"x/secret", {solved}}}, 80, false);
  EXPECT_THAT(after, HasSubstr("x/secret"));
  EXPECT_THAT(after, HasSubstr("the whole course"));
}

TEST(Screens, LongTextsAreWrapped) {
  EXPECT_EQ(wrapped("aa bb cc", "- ", 7), "- aa bb\n  cc\n");
  EXPECT_EQ(
      first_sentence("It links. The program that was built dies. Why?", 80),
      "It links. The program that was built dies.");
}

}  // namespace
}  // namespace driftcage::learn
