// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/unique_fd.h"
#include "harness/cage/mountinfo.h"
#include "harness/model/cage_spec.h"

namespace driftcage::cage {

// Directories that every cage has of its own.
inline constexpr std::array<std::string_view, 4> kOwnDirectories = {
    "/dev", "/proc", "/sys", "/tmp"};
// True for one of them, and below.
[[nodiscard]] bool is_in_own_directory(std::string_view path);

// Detached mounts by the host's mount point, each without those below it.
using BareMounts = std::map<std::string, base::UniqueFd>;

// The host's root file system and what is mounted into it and shown
// (open_tree(2), OPEN_TREE_CLONE), when that is the root of the cage: an
// overlay can lie over each of them as a whole. Only root may see what mounts
// hide, and only before the cage's pid 1 is made; empty for all others. Each
// overlay less saves the time that its end waits for an RCU grace period.
[[nodiscard]] BareMounts bare_mounts(const model::CageSpec& spec,
                                     const std::vector<MountEntry>& mounts);

}  // namespace driftcage::cage
