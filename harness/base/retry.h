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

// The same for who must not wait for ever: a file system that is slower than
// the caller's own timer would never answer.
template <class Call>
[[nodiscard]] auto retry_some(Call call) {
  constexpr int kAttempts = 20;
  auto result = call();
  for (int i = 0; i < kAttempts && result == -1 && errno == EINTR; ++i)
    result = call();
  return result;
}

}  // namespace driftcage::base
