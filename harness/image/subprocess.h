// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/base/wait_status.h"

namespace driftcage::image {

struct ProgramRun {
  base::WaitStatus status;
  std::string output;  // standard output and error together, its last 64 KiB
};

// Runs a program found on PATH with standard input empty, waits for it, and
// hands its lines to `on_line` (may be empty) as they come: posix_spawn(3),
// because the caller may have threads, which fork(2) does not survive. Extra
// environment entries are "NAME=value". Fails only when it cannot be started.
[[nodiscard]] base::Result<ProgramRun> run_program(
    const std::vector<std::string>& argv,
    const std::function<void(const std::string&)>& on_line = {},
    const std::vector<std::string>& environment = {});

}  // namespace driftcage::image
