// SPDX-License-Identifier: Apache-2.0
// Parts of the scenario language that end in the plan: steps, injections,
// expected failures, a second Go.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/plan/planner.h"
#include "harness/plan/steps.h"
#include "harness/plan/variables.h"
#include "harness/scenario/steps.h"
#include "tests/unit/plan/grounds.h"

namespace driftcage::plan {
namespace {

using scenario::Leg;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

scenario::Scenario with_fault() {
  scenario::Scenario scenario;
  scenario.run = {"go", "version"};
  scenario::Fault fault;
  fault.id = "fault";
  scenario.faults = {fault};
  return scenario;
}

ScenarioPlan planned(const scenario::Scenario& scenario,
                     const Ground& ground = host_ground()) {
  auto plan = make_plan(scenario, ground);
  EXPECT_TRUE(plan) << plan.error().message();
  return plan ? *std::move(plan) : ScenarioPlan{};
}

TEST(Injection, IsOfItsLegAndMakesTheCallStop) {
  scenario::Scenario scenario = with_fault();
  scenario.faults[0].effects.inject = {{"clone3", "", 1},
                                       {"openat", "$WORK/*", 5}};
  const ScenarioPlan plan = planned(scenario);
  ASSERT_EQ(plan.legs.size(), 2u);
  EXPECT_TRUE(plan.legs[0].spec.injections.empty());
  EXPECT_THAT(plan.legs[1].spec.injections,
              ElementsAre(model::Injection{"clone3", "", 1},
                          model::Injection{"openat", "/work/*", 5}));
  const auto bit = 1u << static_cast<unsigned>(model::Verb::Spawn);
  EXPECT_EQ(plan.legs[0].spec.trace.verbs & bit, 0u);
  EXPECT_NE(plan.legs[1].spec.trace.verbs & bit, 0u);
}

TEST(Xfail, IsTheFirstThatApplies) {
  scenario::Scenario scenario = with_fault();
  scenario::Xfail musl;
  musl.when.libc = "musl";
  scenario::Xfail elsewhere;
  elsewhere.image = "golang-*";
  scenario::Xfail version;
  version.when.tools["go"] = "<1.20";
  scenario::Xfail always;
  scenario.xfails = {musl, elsewhere, version, always};
  EXPECT_EQ(planned(scenario).xfail, &scenario.xfails[2]);
  Ground ground = host_ground();
  ground.image.reference = "golang-1.19";
  EXPECT_EQ(planned(scenario, ground).xfail, &scenario.xfails[1]);
  scenario.xfails.resize(1);
  EXPECT_EQ(planned(scenario).xfail, nullptr);
}

TEST(Steps, AreOneScriptPerLeg) {
  scenario::Scenario scenario = with_fault();
  scenario.run.clear();
  scenario::Step first;
  first.name = "first";
  first.run = {"go", "build", "$WORK/it's"};
  first.env = {{"A", "$HOME/x"}, {"B", std::nullopt}};
  scenario::Step second;
  second.name = "second";
  second.run = {"/bin/sh", "-c", "echo $x"};
  second.legs = {Leg::Fault};
  scenario.steps = {first, second};
  const ScenarioPlan plan = planned(scenario);
  const auto& control = plan.legs.at(0).spec.argv;
  ASSERT_EQ(control.size(), 3u);
  EXPECT_EQ(control[0], "/bin/sh");
  EXPECT_THAT(control[2],
              HasSubstr("(export A=/home/cage/x; unset B; exec go build "
                        "'/work/it'\\''s')\n"));
  EXPECT_THAT(control[2], HasSubstr(std::string(scenario::kStepMark)));
  EXPECT_THAT(control[2], Not(HasSubstr("echo $x")));
  EXPECT_THAT(plan.legs.at(1).spec.argv[2],
              HasSubstr("exec /bin/sh -c 'echo $x')\n"));
}

TEST(OtherGo, IsTheFirstOfAnotherVersion) {
  Ground ground = host_ground();
  ground.facts.go_env["GOVERSION"] = "go1.19.8";
  ground.facts.toolchains = {
      {"/usr/lib/go-1.19", "1.19.8", "/usr/lib/go-1.19/pkg/tool/linux_amd64"},
      {"/opt/unknown", "", "/opt/unknown/pkg/tool/linux_amd64"},
      {"/opt/go", "1.24.4", "/opt/go/pkg/tool/linux_amd64"}};
  const auto variables = healthy_variables(ground);
  EXPECT_EQ(variables.at("OTHER_GOROOT"), "/opt/go");
  EXPECT_EQ(variables.at("OTHER_GOTOOLDIR"), "/opt/go/pkg/tool/linux_amd64");
  EXPECT_EQ(variables.at("OTHER_GOVERSION"), "go1.24.4");
}

TEST(OtherGo, IsMissingOnMostImages) {
  scenario::Scenario scenario = with_fault();
  scenario.faults[0].effects.env = {{"GOROOT", "$OTHER_GOROOT"}};
  EXPECT_EQ(planned(scenario).skip, "no second Go in image host");
  EXPECT_THAT(planned(scenario, ground_without_go()).skip,
              HasSubstr("no go on PATH"));
}

}  // namespace
}  // namespace driftcage::plan
