// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/base/unique_fd.h"
#include "harness/model/cage_spec.h"

namespace driftcage::cage {

// Detached mounts.
struct ShiftedTrees {
  base::UniqueFd root;                            // of the image
  std::map<std::string, base::UniqueFd> by_path;  // of the host
};

// The image's root with `root_own_ids`, and of the MountTree operations with
// `own_ids` their directories, as id-mapped mounts (mount_setattr(2),
// MOUNT_ATTR_IDMAP), in which what belongs to an id of the host belongs to the
// same id of the cage. Only root can make them, and
// only root needs them: its cages have ids of their own. Call it before the
// cage's pid 1 is made. A tree that cannot be shifted, because its file system
// or the kernel does not know how, is left out and noted.
[[nodiscard]] ShiftedTrees shift_trees(const model::CageSpec& spec,
                                       std::vector<std::string>& notes);

}  // namespace driftcage::cage
