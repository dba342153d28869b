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

struct RunOptions {
  // Gets the program's lines as they come; may be empty.
  std::function<void(const std::string&)> on_line = {};
  std::vector<std::string> environment =
      {};                      // "NAME=value", besides the caller's
  std::string directory = {};  // empty: the caller's
};

// Runs a program found on PATH with standard input empty and waits for it. It
// is killed when the calling thread ends before it, as by kill -9. Fails only
// when it cannot be started, or with EINTR when a signal was noted meanwhile
// (InterruptGuard); it has been ended then.
[[nodiscard]] base::Result<ProgramRun> run_program(
    const std::vector<std::string>& argv, const RunOptions& options = {});

}  // namespace driftcage::image
