// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace driftcage::trace {

// What one thread may do with files, in the tracer's own numbers: user ids are
// those outside the cage, as stat(2) shows them to the tracer.
struct Credentials {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
  bool override = false;     // CAP_DAC_OVERRIDE
  bool read_search = false;  // CAP_DAC_READ_SEARCH
  // Ids that its user namespace knows, [first, first + count). Capabilities
  // reach only files whose owner and group are among them.
  using Ranges = std::vector<std::pair<std::uint64_t, std::uint64_t>>;
  Ranges uids;
  Ranges gids;
};

// A file's owner and mode bits.
struct Owner {
  uid_t uid = 0;
  gid_t gid = 0;
  mode_t mode = 0;
};

enum Access : unsigned { kExecute = 1, kWrite = 2, kRead = 4 };

// generic_permission() of the kernel: class bits, then capabilities. ACLs and
// security modules are not seen.
[[nodiscard]] bool may(const Credentials& who, const Owner& what,
                       unsigned access);

// Pure: from the text of /proc/TID/status and of uid_map and gid_map. `real`:
// with the real ids, as access(2) checks.
[[nodiscard]] Credentials parse_credentials(std::string_view status,
                                            std::string_view uid_map,
                                            std::string_view gid_map,
                                            bool real);

}  // namespace driftcage::trace
