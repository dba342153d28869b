// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/image/open.h"
#include "harness/plan/planner.h"
#include "harness/run/launcher.h"

namespace driftcage::run {

// What a suite asks of its grounds.
struct Wanted {
  std::vector<std::string> images;
  std::set<std::string> others;  // images whose trees scenarios mount
  std::set<std::string> tools;   // looked for besides the usual ones
  bool warm = false;             // a build cache for Go
};

// Everything about the images and the host that planning needs, in the order
// of `wanted.images`: opens them, tries a cage over the first one, probes facts
// and warms build caches. Fails with the doctor's remedy when no cage can be
// made.
[[nodiscard]] base::Result<std::vector<plan::Ground>> prepare_grounds(
    Launcher& launcher, const Wanted& wanted, const image::OpenOptions& open,
    const std::function<void(const std::string&)>& preparing);

// What is known of one image, for people who look at it.
[[nodiscard]] base::Result<model::Facts> image_facts(Launcher& launcher,
                                                     const image::Image& image);

// What is known of the grounds of `scenarios` when nothing is to run: with a
// launcher of its own, and no build cache is warmed.
[[nodiscard]] base::Result<std::vector<plan::Ground>> facts_of_grounds(
    const std::vector<std::string>& images, const image::OpenOptions& open,
    const std::vector<scenario::Scenario>& scenarios);

// prepare_grounds with a launcher of its own, for `scenarios`.
[[nodiscard]] base::Result<std::vector<plan::Ground>> look_at_grounds(
    const std::vector<std::string>& images, const image::OpenOptions& open,
    const std::vector<scenario::Scenario>& scenarios,
    const std::function<void(const std::string&)>& preparing);

// What `scenarios` on `images` ask for.
[[nodiscard]] Wanted wanted_of(
    const std::vector<std::string>& images,
    const std::vector<scenario::Scenario>& scenarios);

}  // namespace driftcage::run
