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
// Best effort: what cannot be read is missing, past kMost bytes a file named
// "cut" says so.
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
