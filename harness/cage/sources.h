// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/result.h"
#include "harness/base/unique_fd.h"
#include "harness/cage/bare.h"
#include "harness/cage/mountinfo.h"
#include "harness/cage/shifted.h"
#include "harness/model/cage_spec.h"

namespace driftcage::cage {

// Everything of the host that a cage is made from, opened before the builder
// gives up the caller's user id: later it could not pass a directory that is
// closed to others, such as the home of root.
struct Sources {
  base::UniqueFd root;  // O_PATH
  // O_PATH, by the directory that they are inside and their path.
  std::map<std::pair<std::string, std::string>, base::UniqueFd> trees;
  std::vector<MountEntry> mounts;  // of the host
  ShiftedTrees shifted;            // some of the trees again, see shifted.h
  BareMounts bare;                 // some of the mounts, see bare.h
};

// What only the caller of the cage can get; its pid 1 completes it.
[[nodiscard]] base::Result<Sources> begin_sources(
    const model::CageSpec& spec, std::vector<std::string>& notes);
[[nodiscard]] base::Status open_sources(const model::CageSpec& spec,
                                        Sources& sources);

}  // namespace driftcage::cage
