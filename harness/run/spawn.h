// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

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

// The pipes of one cell, both ends; `out` and `err` with Stdio::Capture only.
struct Pipes {
  Pipe spec;
  Pipe events;
  Pipe out;
  Pipe err;
};
[[nodiscard]] base::Result<Pipes> make_pipes(Stdio stdio);
// Our ends; those of the child close, or no end of file ever comes.
[[nodiscard]] Spawned keep_ours(Pipes pipes, pid_t pid);

// Has the process run on `cpu` only, -1 for any. Best done while it waits: one
// that runs has to be stopped to be moved. Failure costs only time.
void pin(pid_t pid, int cpu);

// Moves a descriptor out of the range that a child's own numbers take, so that
// no dup2 of the child overwrites the source of the next one.
[[nodiscard]] base::Result<base::UniqueFd> raised(base::UniqueFd fd);

// Starts a program with posix_spawn(3) in a process group of its own, because
// Ctrl-C is for the runner, which tells its cells; with no signal blocked or
// ignored. `moves`: from our descriptors, raised ones, to the child's, in
// ascending order; none is open behind the last. `null_input`: 0 is /dev/null.
[[nodiscard]] base::Result<pid_t> spawn_program(
    const std::vector<std::string>& argv,
    const std::vector<std::pair<int, int>>& moves, bool null_input);

// Starts `program` as a cell: 0 to 2 as `stdio` says, 3 reads the
// spec, 4 takes the event stream, nothing else is open. `terminal` is for
// Stdio::Terminal.
[[nodiscard]] base::Result<Spawned> spawn_cell(const std::string& program,
                                               Stdio stdio, int terminal);

}  // namespace driftcage::run
