// SPDX-License-Identifier: Apache-2.0
#include "harness/run/scenario_set.h"

#include <memory>
#include <utility>

namespace driftcage::run {

ScenarioHead head_of(const scenario::Scenario& scenario) {
  ScenarioHead head;
  head.id = scenario.id;
  head.group = scenario.group;
  head.exclusive = scenario.exclusive;
  head.legs = scenario.fault_leg_only ? 1 : 2 + scenario.fixes.size();
  return head;
}

void ScenarioSet::add_effects(const scenario::Effects& effects) {
  warm = warm || effects.cache == scenario::CacheState::Warm;
  for (const scenario::MountChange& mount : effects.mounts) {
    if (!mount.from_image.empty()) images.insert(mount.from_image);
  }
}

void ScenarioSet::add(const scenario::Scenario& scenario,
                      std::vector<bool> on_image) {
  heads.push_back(head_of(scenario));
  heads.back().on_image = std::move(on_image);
  for (const auto& [name, version] : scenario.needs.tools) tools.insert(name);
  for (const scenario::Xfail& xfail : scenario.xfails) {
    for (const auto& [name, version] : xfail.when.tools) tools.insert(name);
  }
  warm = warm || scenario.cache == scenario::CacheState::Warm;
  add_effects(scenario.baseline);
  for (const scenario::Fault& fault : scenario.faults) {
    add_effects(fault.effects);
  }
  for (const scenario::Fix& fix : scenario.fixes) add_effects(fix.effects);
}

ScenarioSet hold(std::vector<scenario::Scenario> scenarios) {
  ScenarioSet set;
  for (const scenario::Scenario& scenario : scenarios) set.add(scenario);
  const auto held = std::make_shared<const std::vector<scenario::Scenario>>(
      std::move(scenarios));
  set.load = [held](std::size_t at) -> base::Result<scenario::Scenario> {
    return (*held)[at];
  };
  return set;
}

}  // namespace driftcage::run
