// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <functional>
#include <string>

#include "harness/base/sys.h"

// A child that dies in a set-up tells its line.
#define MUST(condition)        \
  do {                         \
    if (!(condition)) {        \
      std::perror(#condition); \
      ::_exit(99);             \
    }                          \
  } while (false)

namespace driftcage::testing {

// What `body` prints in a process of its own, after `set_up` there.
inline std::string in_place(const std::function<void()>& set_up,
                            const std::function<void()>& body) {
  auto pipe = base::sys::pipe();
  if (!pipe) return "no pipe";
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(pipe->second.get(), STDOUT_FILENO);
    set_up();
    body();
    ::_exit(0);
  }
  pipe->second.reset();
  auto text = base::sys::read_fd(pipe->first.get(), "output");
  int status = 0;
  ::waitpid(pid, &status, 0);
  EXPECT_EQ(status, 0);
  return text.value_or("");
}

}  // namespace driftcage::testing
