// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/image/image.h"
#include "harness/model/facts.h"
#include "harness/run/launcher.h"

namespace driftcage::run {

// A host directory with a GOCACHE in which the packages behind fmt, net and
// cgo are built, made once per image and toolchain below `folder`; empty when
// the image has no Go or the build fails there. Safe against other runs and
// against being killed: a directory with the final name is complete.
// `preparing` is told before anything slow.
[[nodiscard]] base::Result<std::string> warm_cache(
    Launcher& launcher, const image::Image& image, const model::Facts& facts,
    const std::string& folder,
    const std::function<void(const std::string&)>& preparing);

// Removes the caches below `folder` whose image's root is gone, and those that
// no run has used for 30 days; what was removed, for people.
std::vector<std::string> remove_stale_caches(const std::string& folder);

// The one that was made before; empty when there is none. Makes nothing.
[[nodiscard]] base::Result<std::string> stored_warm_cache(
    const image::Image& image, const model::Facts& facts);

}  // namespace driftcage::run
