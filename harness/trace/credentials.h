// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
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
  // Ids that its user namespace knows, [first, first + count), which it calls
  // [inside, inside + count). Capabilities reach only files whose owner and
  // group are among them.
  struct Range {
    std::uint64_t first = 0;
    std::uint64_t count = 0;
    std::uint64_t inside = first;
  };
  using Ranges = std::vector<Range>;
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

// "mode 0700, owner 0:0, caller 1000:1000", in the ids that the caller sees; an
// owner that it has no id for is "nobody(N)", N being the tracer's number.
[[nodiscard]] std::string judged_by(const Credentials& who, const Owner& what);

// Pure: from the text of /proc/TID/status and of uid_map and gid_map. `real`:
// with the real ids, as access(2) checks.
[[nodiscard]] Credentials parse_credentials(std::string_view status,
                                            std::string_view uid_map,
                                            std::string_view gid_map,
                                            bool real);

}  // namespace driftcage::trace
