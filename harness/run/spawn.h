// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>

#include "harness/base/result.h"
#include "harness/base/unique_fd.h"
#include "harness/run/launcher.h"

namespace driftcage::run {

// A pipe(7), both ends close-on-exec.
struct Pipe {
  base::UniqueFd read;
  base::UniqueFd write;
};

// A cell that was started, and our ends of its pipes. `out` and `err` are open
// with Stdio::Capture only.
struct Spawned {
  pid_t pid = -1;
  base::UniqueFd spec;  // closing it asks the cell to end
  base::UniqueFd events;
  base::UniqueFd out;
  base::UniqueFd err;
};

// Starts `program` with posix_spawn(3): 0 to 2 as `stdio` says, 3 reads the
// spec, 4 takes the event stream, nothing else is open. `terminal` is for
// Stdio::Terminal.
[[nodiscard]] base::Result<Spawned> spawn_cell(const std::string& program,
                                               Stdio stdio, int terminal);

}  // namespace driftcage::run
