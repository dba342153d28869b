// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "harness/base/unique_fd.h"
#include "harness/model/cage_spec.h"

namespace driftcage::cell {

// Copies what a payload left in some directories of its cage to the host.
// Directories that the cage mounted below them, as a warm cache, are left out.
// Copies are readable for their owner; "modes" beside them says which mode a
// file had, "lost" what could not be kept or was past kMost bytes
// (run/record.h).
class Keeper {
 public:
  static constexpr std::uint64_t kMost = 256u << 20;

  // While the cage stands: `init` is its pid 1, whose root is looked into
  // (proc(5), /proc/PID/root).
  Keeper(const model::CageSpec& spec, pid_t init);
  void keep() const;

 private:
  std::string into_;
  std::vector<base::UniqueFd> places_;  // empty where there is none
};

}  // namespace driftcage::cell
