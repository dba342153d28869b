// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>

namespace driftcage::cage {

// Reaps the child `pid`: its exit code, EACCES when a signal ended it (a policy
// that kills), or ETIMEDOUT when it did not end in `patience`; then it is
// killed. One that cannot even be killed, because it sleeps in the kernel, is
// left behind (pidfd_open(2), poll(2)).
[[nodiscard]] int exit_code_of(pid_t pid, std::chrono::milliseconds patience);

}  // namespace driftcage::cage
