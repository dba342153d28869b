// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/planner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/plan/grounds.h"

namespace driftcage::plan {
namespace {

namespace op = model::op;
using model::CageOp;
using model::Verb;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

bool traces(const LegPlan& leg, Verb verb) {
  return (leg.spec.trace.verbs >> static_cast<unsigned>(verb) & 1u) != 0;
}

model::EventLine line(std::optional<Verb> verb, const std::string& subject) {
  model::EventLine line;
  line.verb = verb;
  line.subject = subject;
  return line;
}

// Two faults, one right fix that lifts one of them, one decoy.
scenario::Scenario two_faults() {
  scenario::Scenario scenario;
  scenario.id = "t/two";
  scenario.run = {"go", "run", "."};
  scenario.timeout_ms = 1234;
  scenario.baseline.env = {{"CGO_ENABLED", "1"}};
  scenario.baseline.files = {file_with("main.go", "package main\n")};
  scenario::Fault hide;
  hide.id = "hidden";
  hide.effects.hide = {"/usr/bin/gcc"};
  scenario::Fault env;
  env.id = "goenv";
  env.effects.env = {{"GOENV", "off"}};
  scenario.faults = {hide, env};
  scenario::Fix lift;
  lift.id = "put-back";
  lift.lift = {"hidden"};
  lift.effects.env = {{"EXTRA", "1"}};
  scenario::Fix decoy;
  decoy.id = "clean";
  decoy.wrong = true;
  decoy.run = {{"go", "clean", "-cache"}};
  scenario.fixes = {lift, decoy};
  return scenario;
}

const CageOp kHidden = op::Hide{"/usr/bin/gcc"};

TEST(MakePlan, HasALegForControlFaultAndEachFix) {
  const auto scenario = two_faults();
  const auto plan = make_plan(scenario, host_ground());
  ASSERT_TRUE(plan) << plan.error().message();
  EXPECT_EQ(plan->scenario, &scenario);
  EXPECT_EQ(plan->image, "host");
  EXPECT_EQ(plan->skip, "");
  ASSERT_EQ(plan->legs.size(), 4u);
  EXPECT_EQ(plan->legs[0].name, "control");
  EXPECT_EQ(plan->legs[1].name, "fault");
  EXPECT_EQ(plan->legs[2].name, "fix:put-back");
  EXPECT_EQ(plan->legs[3].name, "fix:clean");
  EXPECT_EQ(plan->legs[2].leg, scenario::Leg::Fix);
  EXPECT_FALSE(plan->legs[2].decoy);
  EXPECT_TRUE(plan->legs[3].decoy);
}

TEST(MakePlan, LegsDifferInWhatTheyShould) {
  const auto plan = make_plan(two_faults(), host_ground());
  ASSERT_TRUE(plan);
  const auto& control = plan->legs[0].spec;
  const auto& fault = plan->legs[1].spec;
  const auto& fix = plan->legs[2].spec;
  const auto& decoy = plan->legs[3].spec;
  EXPECT_THAT(control.ops, Not(Contains(kHidden)));
  EXPECT_FALSE(control.environment.contains("GOENV"));
  EXPECT_THAT(fault.ops, Contains(kHidden));
  EXPECT_EQ(fault.environment.at("GOENV"), "off");
  EXPECT_THAT(fix.ops, Not(Contains(kHidden)));
  EXPECT_EQ(fix.environment.at("GOENV"), "off");
  EXPECT_EQ(fix.environment.at("EXTRA"), "1");
  EXPECT_THAT(decoy.ops, Contains(kHidden));
  EXPECT_EQ(decoy.ops.back(),
            CageOp(op::RunCommand{{"go", "clean", "-cache"}, true}));
}

TEST(MakePlan, FullSpecOfAControlLeg) {
  const auto plan = make_plan(two_faults(), host_ground());
  ASSERT_TRUE(plan);
  model::CageSpec want;
  want.root = "/";
  want.root_is_host = true;
  want.masks = {"/home", "/root"};
  want.let_in = {{.from = "/root/sdk", .at = "/root/sdk"}};
  want.ops = {op::MakeDirectory{"/work", 0755},
              op::MakeDirectory{"/home/cage", 0755},
              op::MountTree{"/var/cache/warm", "/home/cage/.cache/go-build",
                            false, false},
              op::WriteFile{"/work/main.go", "package main\n", 0644}};
  want.argv = {"go", "run", "."};
  want.environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin"},
                      {"LANG", "C.UTF-8"},
                      {"HOME", "/home/cage"},
                      {"PWD", "/work"},
                      {"CGO_ENABLED", "1"}};
  want.directory = "/work";
  want.timeout_ms = 1234;
  want.trace.verbs = 0b111;  // exec, open, stat
  EXPECT_EQ(plan->legs[0].spec, want);
}

TEST(MakePlan, WeakScenarioRunsTheFaultOnly) {
  auto scenario = two_faults();
  scenario.fault_leg_only = true;
  const auto plan = make_plan(scenario, host_ground());
  ASSERT_TRUE(plan);
  ASSERT_EQ(plan->legs.size(), 1u);
  EXPECT_EQ(plan->legs[0].name, "fault");
}

TEST(MakePlan, TracesWhatTheLinesSpeakOf) {
  auto scenario = two_faults();
  scenario.expect.see = {line(Verb::Lookup, "gcc")};
  scenario.expect.never = {line(Verb::Mkdir, "/x")};
  scenario.expect.keep = {line(Verb::Exec, "**/go")};
  scenario.expect.keep.back().syscall = model::Syscall::Readlink;
  const auto plan = make_plan(scenario, host_ground());
  ASSERT_TRUE(plan);
  for (const LegPlan& leg : plan->legs) {
    for (const Verb verb : {Verb::Exec, Verb::Open, Verb::Stat, Verb::Lookup,
                            Verb::Mkdir, Verb::Readlink}) {
      EXPECT_TRUE(traces(leg, verb)) << model::verb_name(verb);
    }
    EXPECT_FALSE(traces(leg, Verb::Write));
    EXPECT_FALSE(traces(leg, Verb::Connect));
  }
}

TEST(MakePlan, UnmetNeedIsASkipWithoutLegs) {
  auto scenario = two_faults();
  scenario.needs.tools["go"] = ">=1.24";
  const auto plan = make_plan(scenario, host_ground());
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->skip, "go is 1.19.8, wanted >=1.24");
  EXPECT_THAT(plan->legs, IsEmpty());
}

TEST(MakePlan, GoVariablesWithoutGoAreASkip) {
  auto scenario = two_faults();
  scenario.expect.see = {line(Verb::Open, "$GOROOT/go.env")};
  auto plan = make_plan(scenario, ground_without_go());
  ASSERT_TRUE(plan);
  EXPECT_THAT(plan->skip, HasSubstr("$GOROOT"));
  EXPECT_THAT(plan->legs, IsEmpty());

  scenario = two_faults();
  scenario.faults[0].effects.hide = {"$GOTOOLDIR/compile"};
  plan = make_plan(scenario, ground_without_go());
  ASSERT_TRUE(plan);
  EXPECT_THAT(plan->skip, HasSubstr("$GOTOOLDIR"));
}

TEST(MakePlan, UnknownVariableIsAnError) {
  auto scenario = two_faults();
  scenario.faults[0].effects.hide = {"$NOPE"};
  EXPECT_FALSE(make_plan(scenario, host_ground()));
}

TEST(HealthyCage, IsUntracedAndFaultless) {
  const auto spec = healthy_cage(host_ground().image, {"go", "version"});
  EXPECT_EQ(spec.trace.engine, model::Engine::Untraced);
  EXPECT_EQ(spec.argv, (std::vector<std::string>{"go", "version"}));
  EXPECT_EQ(spec.environment.at("HOME"), kHome);
  EXPECT_EQ(spec.network, model::Network::None);
  EXPECT_THAT(spec.ops, ElementsAre(CageOp(op::MakeDirectory{kWork, 0755}),
                                    CageOp(op::MakeDirectory{kHome, 0755})));
}

}  // namespace
}  // namespace driftcage::plan
