// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/cage/idmap.h"

namespace driftcage::cage {

// Ids of the host that a user may give to its namespaces: `count` users from
// `uid` on, and as many groups from `gid` on.
struct SubordinateIds {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint32_t count = 0;
  bool operator==(const SubordinateIds&) const = default;
};

// The largest range that `text`, a file as subuid(5) describes it, gives to the
// user, whom it names by number or by `name`; start and length.
[[nodiscard]] std::optional<std::pair<std::uint32_t, std::uint32_t>>
largest_range(std::string_view text, std::string_view name, uid_t uid);

// What /etc/subuid and /etc/subgid give to a user, at most as many as a cage of
// root has; empty when one of them gives nothing.
[[nodiscard]] std::optional<SubordinateIds> subordinate_ids(uid_t uid);

// What newuidmap(1) and newgidmap(1) did.
struct HelpersResult {
  bool users = false;
  bool groups = false;
  std::string problem;  // why one of them did not; empty: all is well
};
// Lets them write the maps of `pid`. They have to be found on PATH.
[[nodiscard]] HelpersResult run_map_helpers(pid_t pid,
                                            const std::vector<IdLine>& users,
                                            const std::vector<IdLine>& groups);

}  // namespace driftcage::cage
