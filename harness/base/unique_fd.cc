// SPDX-License-Identifier: Apache-2.0
#include "harness/base/unique_fd.h"

#include <unistd.h>

namespace driftcage::base {

void UniqueFd::reset(int fd) noexcept {
  // EINTR from close(2) still closes on Linux: never retry.
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

}  // namespace driftcage::base
