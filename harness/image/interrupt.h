// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <signal.h>

#include <array>

#include "harness/base/result.h"

namespace driftcage::image {

// While one lives, SIGINT, SIGTERM, SIGHUP and SIGQUIT are noted instead of
// ending the process, so that fetching and unpacking can stop in good order.
// One at a time; a signal that was ignored before stays ignored (nohup(1)).
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

 private:
  std::array<struct ::sigaction, 4> before_{};
};

// The number of the signal that a guard noted; 0: none.
[[nodiscard]] int noted_signal();
// EINTR with the name of that signal as object, or fine.
[[nodiscard]] base::Status check_interrupt();

}  // namespace driftcage::image
