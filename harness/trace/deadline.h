// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <csignal>
#include <cstdint>
#include <ctime>

#include "harness/base/result.h"

namespace driftcage::trace {

// Ends a blocking wait(2) loop in time. Signal handlers do the killing
// themselves, so nothing is lost when a signal comes between a check and the
// wait: the tracees die, and their end is what wait reports. One at a time.
class Deadline {
 public:
  struct Target {
    int pidfd = -1;     // killed through this when there is one
    pid_t payload = 0;  // otherwise this
  };
  Deadline() = default;
  ~Deadline();
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  // timeout_ns 0: none. cancel_fd: readable or at end of file means stop; -1:
  // none. Takes SIGALRM and SIGIO.
  base::Status arm(const Target& target, std::uint64_t timeout_ns,
                   int cancel_fd);
  [[nodiscard]] static bool timed_out();
  [[nodiscard]] static bool cancelled();

 private:
  bool armed_ = false;
  bool timer_made_ = false;
  timer_t timer_{};
  int cancel_fd_ = -1;
  struct sigaction old_alarm_ {};
  struct sigaction old_io_ {};
  sigset_t old_mask_{};
};

}  // namespace driftcage::trace
