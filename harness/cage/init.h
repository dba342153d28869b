// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/base/unique_fd.h"
#include "harness/cage/cage.h"
#include "harness/cage/sources.h"
#include "harness/model/cage_spec.h"

namespace driftcage::cage {

// What the payload's process writes to its spawn pipe when execve did not
// happen; the pipe closes silently when it did.
struct SpawnFailure {
  bool hook = false;  // Hooks::before_exec failed, else the search or execve
  int err = 0;
};

// The life of the cage's pid 1: builds everything, starts the payload's
// process, reaps until that ends, then exits, which kills what is left. `sync`
// is its end of sync::pair(). Its errors travel over `sync`. `sources` are
// begun.
[[noreturn]] void run_init(const model::CageSpec& spec,
                           const Cage::Hooks& hooks, base::UniqueFd sync,
                           base::UniqueFd spawn, Sources sources);

}  // namespace driftcage::cage
