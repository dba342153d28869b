// SPDX-License-Identifier: Apache-2.0
#include "harness/run/scenario_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace driftcage::run {
namespace {

using scenario::CacheState;
using scenario::Effects;
using scenario::Scenario;
using testing::ElementsAre;

Scenario with_cache(CacheState state) {
  Scenario scenario;
  scenario.cache = state;
  scenario.faults.emplace_back();
  scenario.fixes.emplace_back();
  return scenario;
}

Effects& fault_of(Scenario& one) { return one.faults[0].effects; }
Effects& fix_of(Scenario& one) { return one.fixes[0].effects; }

TEST(ScenarioSet, WarmWhenALegIs) {
  ScenarioSet set;
  set.add(with_cache(CacheState::Cold));
  set.add(with_cache(CacheState::Pristine));
  EXPECT_FALSE(set.warm);
  EXPECT_TRUE(hold({with_cache(CacheState::Cold), with_cache(CacheState::Warm),
                    with_cache(CacheState::Cold)})
                  .warm);
  for (Effects& (*stage)(Scenario&) : {fault_of, fix_of}) {
    Scenario one = with_cache(CacheState::Cold);
    stage(one).cache = CacheState::Warm;
    EXPECT_TRUE(hold({one}).warm);
    stage(one).cache = CacheState::Cold;
    EXPECT_FALSE(hold({one}).warm);
  }
}

TEST(ScenarioSet, AsksForToolsAndImages) {
  Scenario one = with_cache(CacheState::Cold);
  one.needs.tools["gcc"] = "*";
  one.fixes[0].effects.mounts.emplace_back().from_image = "other";
  const ScenarioSet set = hold({one});
  EXPECT_THAT(set.tools, ElementsAre("gcc"));
  EXPECT_THAT(set.images, ElementsAre("other"));
}

}  // namespace
}  // namespace driftcage::run
