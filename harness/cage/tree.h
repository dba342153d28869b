// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/base/unique_fd.h"
#include "harness/cage/regions.h"
#include "harness/cage/sources.h"
#include "harness/cage/steps.h"
#include "harness/model/cage_spec.h"

namespace driftcage::cage {

// A tree of the host, ready to be attached somewhere in the cage.
struct ReadyTree {
  base::UniqueFd mount;  // detached
  bool directory = true;
  RegionKind kind = RegionKind::ReadOnly;
  std::shared_ptr<Layer> layer;
};

// The cage's tree of mounts.
struct Tree {
  RegionMap regions;
  base::UniqueFd proc;            // a procfs of the cage's pid namespace
  std::vector<ReadyTree> let_in;  // as in the spec
  std::vector<ReadyTree>
      from_op;  // one per MountTree and MountShared, in order
  std::string rung = "full";
  std::uint32_t ids = 1;  // see map_ids()
};

// Builds the tree of `spec` and makes it the root of the calling process,
// which must be pid 1 of new mount and pid namespaces. What the spec's
// operations need of the host is in the result; the host's tree is gone then.
[[nodiscard]] base::Result<Tree> build_tree(const model::CageSpec& spec,
                                            Sources sources, Steps& steps);

}  // namespace driftcage::cage
