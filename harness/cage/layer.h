// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>

#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "harness/base/result.h"
#include "harness/base/unique_fd.h"
#include "harness/cage/mounts.h"

namespace driftcage::cage {

// The directories behind one overlay. Directories of an image may belong to
// ids that are not mapped in the cage, where the kernel lets nobody change them
// through the overlay; what a cage changes is prepared in `upper`. That the
// overlay is mounted meanwhile is no harm as long as it forgets what it has
// cached: flush().
struct Layer {
  base::UniqueFd upper;
  base::UniqueFd lower;
  base::UniqueFd root;             // root directory of the mounted overlay
  std::set<std::string> prepared;  // directories known to be in upper
};

// False for a file of somebody who has no id in the cage, which the kernel
// shows as nobody's (user_namespaces(7)).
[[nodiscard]] bool is_mapped(const struct stat& status);

// Mounts an overlay over `lower` at `target`, whose root has the mode of
// `lower`'s and the directories `own` (each with a leading slash) that are real
// ones whatever `lower` has in their place: a link there must not lead a mount
// elsewhere.
[[nodiscard]] base::Result<std::shared_ptr<Layer>> make_layer(
    Scratch& scratch, base::UniqueFd lower, const std::string& target,
    std::span<const std::string_view> own = {});

// Makes the directory `path` of the lower tree, and those above it, in the
// upper one, with the same modes, and owners where these have ids here.
// Relative, no links; "" is the root, which is always there. True when
// something was made: a mounted overlay then has to be flushed.
[[nodiscard]] base::Result<bool> prepare(Layer& layer, const std::string& path);

// Makes the mounted overlay forget all names that nobody uses at the moment.
[[nodiscard]] base::Status flush(const Layer& layer);

}  // namespace driftcage::cage
