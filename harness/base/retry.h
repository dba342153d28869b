// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cerrno>

namespace driftcage::base {

// Makes a system call again for as long as signals interrupt it (signal(7):
// file systems in user space may pass EINTR on for any call).
template <class Call>
[[nodiscard]] auto retry(Call call) {
  auto result = call();
  while (result == -1 && errno == EINTR) result = call();
  return result;
}

}  // namespace driftcage::base
