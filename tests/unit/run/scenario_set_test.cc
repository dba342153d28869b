// SPDX-License-Identifier: Apache-2.0
#include "harness/run/scenario_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <vector>

namespace driftcage::run {
namespace {

using scenario::CacheState;
using scenario::Scenario;
using testing::ElementsAre;

Scenario with_cache(CacheState state) {
  Scenario scenario;
  scenario.cache = state;
  scenario.faults.emplace_back();
  scenario.fixes.emplace_back();
  return scenario;
}

TEST(ScenarioSet, WarmWhenALegIs) {
  ScenarioSet set;
  set.add(with_cache(CacheState::Cold));
  set.add(with_cache(CacheState::Pristine));
  EXPECT_FALSE(set.warm);
  EXPECT_TRUE(hold({with_cache(CacheState::Cold), with_cache(CacheState::Warm),
                    with_cache(CacheState::Cold)})
                  .warm);
  for (const std::function<scenario::Effects&(Scenario&)>& stage :
       std::vector<std::function<scenario::Effects&(Scenario&)>>{
           [](Scenario& one) -> auto& { return one.faults[0].effects;
}
, [](Scenario& one) -> auto& { return one.fixes[0].effects; }
}  // namespace
) {
  Scenario one = with_cache(CacheState::Cold);
  stage(one).cache = CacheState::Warm;
  EXPECT_TRUE(hold({one}).warm);
  stage(one).cache = CacheState::Cold;
  EXPECT_FALSE(hold({one}).warm);
}
}  // namespace driftcage::run

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
