// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/needs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/plan/grounds.h"

namespace driftcage::plan {
namespace {

using testing::HasSubstr;

scenario::Scenario with_tool(const std::string& name, const std::string& want) {
  scenario::Scenario scenario;
  scenario.needs.tools[name] = want;
  return scenario;
}

TEST(UnmetNeed, NothingAskedNothingUnmet) {
  EXPECT_EQ(unmet_need({}, host_ground()), "");
}

TEST(UnmetNeed, Tools) {
  EXPECT_EQ(unmet_need(with_tool("go", ">=1.19"), host_ground()), "");
  EXPECT_EQ(unmet_need(with_tool("sh", "*"), host_ground()), "");
  EXPECT_EQ(unmet_need(with_tool("go", ">=1.20"), host_ground()),
            "go is 1.19.8, wanted >=1.20");
  EXPECT_EQ(unmet_need(with_tool("pkg-config", "*"), host_ground()),
            "no pkg-config on PATH of image host");
}

TEST(UnmetNeed, LibcAndArchitecture) {
  scenario::Scenario scenario;
  scenario.needs.libc = "glibc";
  scenario.needs.arch = {"arm64", "amd64"};
  EXPECT_EQ(unmet_need(scenario, host_ground()), "");
  scenario.needs.libc = "musl";
  EXPECT_EQ(unmet_need(scenario, host_ground()),
            "image host has glibc, wanted musl");
  scenario.needs.arch = {"arm64"};
  EXPECT_EQ(unmet_need(scenario, host_ground()), "image host is for amd64");
}

TEST(UnmetNeed, ALowerRungIsASkipWithTheRemedy) {
  Ground ground = host_ground();
  for (const char* rung : {"", "chroot", "in-place"}) {
    ground.rung = rung;
    EXPECT_THAT(unmet_need({}, ground), HasSubstr("driftcage doctor")) << rung;
  }
  ground.rung = "no-fresh-proc";
  EXPECT_EQ(unmet_need({}, ground), "");
  scenario::Scenario scenario;
  scenario.faults.emplace_back().effects.proc = model::ProcView::None;
  EXPECT_THAT(unmet_need(scenario, ground), HasSubstr("needs rung full"));
}

TEST(UnmetNeed, SecondIdIsNotThereYet) {
  scenario::Scenario scenario;
  scenario.needs.features = {"ids>=2"};
  EXPECT_THAT(unmet_need(scenario, host_ground()), HasSubstr("ids>=2"));
}

}  // namespace
}  // namespace driftcage::plan
