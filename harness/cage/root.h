// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>

#include <string>

#include "harness/base/result.h"
#include "harness/cage/mounts.h"
#include "harness/cage/regions.h"
#include "harness/cage/sources.h"
#include "harness/cage/steps.h"
#include "harness/model/cage_spec.h"

namespace driftcage::cage {

// Copies the open file `from` of that status to the new file `to`.
[[nodiscard]] base::Status copy_file(const base::UniqueFd& from,
                                     const struct stat& status,
                                     const std::string& to);

// Makes the cage's root directory at `root`, an empty one of `scratch`: what
// spec.root holds, to be changed without a trace there, with kOwnDirectories
// still empty. Takes what it needs out of `sources`; fallbacks are noted.
[[nodiscard]] base::Status make_root(const model::CageSpec& spec,
                                     Sources& sources, Scratch& scratch,
                                     const std::string& root,
                                     RegionMap& regions, Steps& steps);

}  // namespace driftcage::cage
