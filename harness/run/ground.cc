// SPDX-License-Identifier: Apache-2.0
#include "harness/run/ground.h"

#include <cerrno>
#include <map>
#include <utility>

#include "harness/base/environment.h"
#include "harness/cage/probe.h"
#include "harness/image/interrupt.h"
#include "harness/run/capture.h"
#include "harness/run/facts_probe.h"
#include "harness/run/folders.h"
#include "harness/run/scenario_set.h"
#include "harness/run/warm_cache.h"

namespace driftcage::run {
namespace {

// While an image is fetched or unpacked, nobody else listens for signals.
base::Result<image::Image> open_one(
    const std::string& reference,
    const std::map<std::string, std::string>& environment,
    const image::OpenOptions& open) {
  const image::InterruptGuard guard;
  return image::open_image(reference, environment, open);
}

// A cage that was really made: the same steps as every leg.
base::Result<wire::CageUp> try_cage(Launcher& launcher,
                                    const image::Image& image) {
  auto results = capture(launcher, {plan::healthy_cage(image, {"true"})});
  auto& result = results.front();
  if (result) return std::move(result->cage);
  base::Error error = std::move(result).error();
  if (error.err == EINTR) return tl::make_unexpected(std::move(error));
  // The probe would meet the same limit at some step of its own and blame that.
  if (error.err == EMFILE || error.err == ENFILE) {
    return tl::make_unexpected(std::move(error));
  }
  const cage::Diagnosis diagnosis = cage::diagnose(cage::probe_host());
  if (!diagnosis.code.empty()) {
    error.hint = diagnosis.code + ": " + diagnosis.cause;
    if (!diagnosis.remedies.empty()) {
      error.hint += "; " + diagnosis.remedies.front();
    }
  }
  return tl::make_unexpected(std::move(error));
}

}  // namespace

base::Result<std::vector<plan::Ground>> prepare_grounds(
    Launcher& launcher, const Wanted& wanted, const image::OpenOptions& open,
    const std::function<void(const std::string&)>& preparing) {
  const std::string cache = DRIFTCAGE_TRY(cache_folder());
  const auto environment = base::environment();
  std::vector<plan::Ground> grounds;
  std::map<std::string, base::Result<image::Image>> others;
  for (const std::string& reference : wanted.others) {
    auto other = open_one(reference, environment, open);
    if (!other && other.error().err == EINTR)
      return tl::make_unexpected(std::move(other).error());
    others.emplace(reference, std::move(other));
  }
  for (const std::string& reference : wanted.images) {
    plan::Ground ground;
    ground.image = DRIFTCAGE_TRY(open_one(reference, environment, open));
    if (grounds.empty()) {
      const wire::CageUp up = DRIFTCAGE_TRY(try_cage(launcher, ground.image));
      ground.rung = up.rung;
      ground.ids = up.ids;
    } else {
      ground.rung = grounds.front().rung;
      ground.ids = grounds.front().ids;
    }
    ground.facts = DRIFTCAGE_TRY(
        probe_facts(launcher, ground.image, wanted.tools, cache + "/facts"));
    if (wanted.warm) {
      ground.warm_cache = DRIFTCAGE_TRY(warm_cache(
          launcher, ground.image, ground.facts, cache + "/warm", preparing));
    }
    ground.others = others;
    grounds.push_back(std::move(ground));
  }
  return grounds;
}

base::Result<model::Facts> image_facts(Launcher& launcher,
                                       const image::Image& image) {
  const std::string cache = DRIFTCAGE_TRY(cache_folder());
  return probe_facts(launcher, image,
                     {"cc", "g++", "clang", "ld", "as", "ar", "pkg-config",
                      "git", "make", "sh"},
                     cache + "/facts");
}

base::Result<std::vector<plan::Ground>> look_at_grounds(
    const std::vector<std::string>& images, const image::OpenOptions& open,
    const std::vector<scenario::Scenario>& scenarios,
    const std::function<void(const std::string&)>& preparing) {
  Launcher launcher(DRIFTCAGE_TRY(find_cell()));
  return prepare_grounds(launcher, wanted_of(images, scenarios), open,
                         preparing);
}

base::Result<std::vector<plan::Ground>> facts_of_grounds(
    const std::vector<std::string>& images, const image::OpenOptions& open,
    const std::vector<scenario::Scenario>& scenarios) {
  Launcher launcher(DRIFTCAGE_TRY(find_cell()));
  Wanted wanted = wanted_of(images, scenarios);
  wanted.warm = false;
  return prepare_grounds(launcher, wanted, open, {});
}

Wanted wanted_of(const std::vector<std::string>& images,
                 const std::vector<scenario::Scenario>& scenarios) {
  ScenarioSet set;
  for (const scenario::Scenario& scenario : scenarios) set.add(scenario);
  return {images, std::move(set.images), std::move(set.tools), set.warm};
}

}  // namespace driftcage::run
