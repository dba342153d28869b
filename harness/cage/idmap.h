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

// What a process of a cage must know to take other ids.
struct CageIds {
  int proc = -1;            // a procfs in which the process sees itself
  std::uint32_t count = 1;  // ids of the cage, see map_ids()
};

// Writes uid_map and gid_map of `pid`, a child in a new user namespace, from
// its parent (user_namespaces(7)), and returns how many ids it has, from 0 on.
// Root maps the range above, or 0 to itself when it lacks the capabilities for
// that. Anybody else maps 0 to its own ids, and the ids after that to those
// which subuid(5) and subgid(5) give it, through newuidmap(1) and newgidmap(1);
// where one of these is missing, there is 0 alone. Fallbacks that somebody has
// to know of are added to `notes`.
[[nodiscard]] base::Result<std::uint32_t> map_ids(
    pid_t pid, std::vector<std::string>& notes);

// One line of a map.
struct IdLine {
  std::uint32_t inside = 0;
  std::uint32_t outside = 0;
  std::uint32_t count = 0;
  bool operator==(const IdLine&) const = default;
};

// The map of a user namespace inside one with the ids 0 to `count` - 1: every
// id is itself, but `id` takes the place of `owner`, and the other way round.
// With a single id, or an owner that is not there, `id` stands for 0 alone.
[[nodiscard]] std::vector<IdLine> exchange(std::uint32_t id,
                                           std::uint32_t owner,
                                           std::uint32_t count);

// Moves the calling process into a new user namespace with these maps of users
// and groups. It has all capabilities there and none in the one around it.
[[nodiscard]] base::Status enter_user_namespace(
    const CageIds& ids, const std::vector<IdLine>& users,
    const std::vector<IdLine>& groups);

}  // namespace driftcage::cage
