// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "harness/base/result.h"

namespace driftcage::cage {

// Where the ids of a cage made by root lie: a range that systemd-nspawn also
// takes containers' ids from, so that no account of the host is in it.
inline constexpr std::uint32_t kRangeStart = 1879048192;
inline constexpr std::uint32_t kRangeSize = 65536;

// Writes uid_map and gid_map of `pid`, a child in a new user namespace, from
// its parent (user_namespaces(7)). Root maps 0 to the range above, or to itself
// when it lacks the capabilities for that; anybody else maps 0 to its own ids.
// Fallbacks are added to `notes`.
[[nodiscard]] base::Status map_ids(pid_t pid, std::vector<std::string>& notes);

// Maps `uid` and `gid` in the calling process's new user namespace to 0 of the
// one around it. `proc` is a procfs in which the process sees itself.
[[nodiscard]] base::Status map_own_ids(int proc, std::uint32_t uid,
                                       std::uint32_t gid);

}  // namespace driftcage::cage
