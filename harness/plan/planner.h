// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/image/image.h"
#include "harness/model/cage_spec.h"
#include "harness/model/facts.h"
#include "harness/scenario/scenario.h"

namespace driftcage::plan {

// Fixed places inside every cage.
inline constexpr const char* kWork = "/work";
inline constexpr const char* kHome = "/home/cage";
inline constexpr const char* kTmp = "/tmp";

// One leg, ready to run.
struct LegPlan {
  scenario::Leg leg = scenario::Leg::Control;
  std::string name;  // "control", "fault", "fix:<id>"
  bool decoy = false;
  model::CageSpec spec;
};

struct ScenarioPlan {
  const scenario::Scenario* scenario = nullptr;
  std::string image;
  std::string skip;  // reason; empty: it runs
  std::vector<LegPlan> legs;
  const scenario::Xfail* xfail = nullptr;  // that applies on this image
  // For event lines; the same in all legs, from the healthy cage.
  std::map<std::string, std::string> variables;
};

// What the plan needs to know of the image and the host, all looked up before.
struct Ground {
  image::Image image;
  model::Facts facts;
  std::string rung;        // what the host can do: "full", ...
  std::uint32_t ids = 1;   // that a cage has here
  std::string warm_cache;  // host directory with a warm GOCACHE, or empty
  // Other images whose trees scenarios mount, by reference; an error where one
  // could not be opened.
  std::map<std::string, base::Result<image::Image>> others;
};

// Scenario and ground to cage specs. Pure: touches nothing on the host. An
// error is a mistake that only shows with values filled in (an unknown
// variable); unmet needs are a skip.
[[nodiscard]] base::Result<ScenarioPlan> make_plan(
    const scenario::Scenario& scenario, const Ground& ground);

// The cages of the scenario's `collect` commands: those of the leg `leg_name`,
// untraced, each with one of the commands. Empty when the leg is not planned.
[[nodiscard]] base::Result<std::vector<model::CageSpec>> plan_collect(
    const scenario::Scenario& scenario, const Ground& ground,
    const std::string& leg_name);

// The cage in which facts are probed and caches are warmed: the image with a
// private home, work and temp directory and no fault.
[[nodiscard]] model::CageSpec healthy_cage(const image::Image& image,
                                           std::vector<std::string> argv);

// "" when `have` ("1.19.8") satisfies `want` (">=1.20", "<1.24", "*", joined
// by commas), else the reason. An unparsable `want` is a reason too.
[[nodiscard]] std::string unmet_version(const std::string& tool,
                                        const std::string& have,
                                        const std::string& want);

}  // namespace driftcage::plan
