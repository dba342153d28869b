// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/scenario/scenario.h"

namespace driftcage::run {

// What a run knows of a scenario while its legs do not run.
struct ScenarioHead {
  std::string id;
  std::string group;
  bool exclusive = false;
  std::size_t legs = 0;
  // By position of the image, whether it is wanted there; empty: on all.
  std::vector<bool> on_image;
};
[[nodiscard]] ScenarioHead head_of(const scenario::Scenario& scenario);

// The scenarios of a run: their heads, and where to get the rest when it is
// wanted. So the memory of a run does not grow with what is in them.
struct ScenarioSet {
  std::vector<ScenarioHead> heads;
  std::set<std::string> tools;   // that any of them asks for
  std::set<std::string> images;  // whose trees any of them mounts
  bool warm = false;             // any of them has a leg with a warm cache
  // The whole scenario at a position of `heads`.
  std::function<base::Result<scenario::Scenario>(std::size_t)> load;

  // Takes the head, and what it asks of images. `load` stays the caller's.
  void add(const scenario::Scenario& scenario, std::vector<bool> on_image = {});

 private:
  void add_effects(const scenario::Effects& effects);
};

// Scenarios that stay in memory.
[[nodiscard]] ScenarioSet hold(std::vector<scenario::Scenario> scenarios);

}  // namespace driftcage::run
