// SPDX-License-Identifier: Apache-2.0
#include "harness/cage/child.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace driftcage::cage {
namespace {

using std::chrono::milliseconds;

template <class Body>
pid_t child(Body body) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    body();
    ::_exit(0);
  }
  return pid;
}

bool is_reaped(pid_t pid) {
  return ::waitpid(pid, nullptr, WNOHANG) == -1 && errno == ECHILD;
}

TEST(Child, TellsItsExitCode) {
  const pid_t pid = child([] { ::_exit(EPERM); });
  EXPECT_EQ(exit_code_of(pid, std::chrono::minutes(1)), EPERM);
  EXPECT_TRUE(is_reaped(pid));
}

TEST(Child, ASignalIsAPolicyThatForbids) {
  const pid_t pid = child([] { ::raise(SIGKILL); });
  EXPECT_EQ(exit_code_of(pid, std::chrono::minutes(1)), EACCES);
}

TEST(Child, OneThatHangsIsKilled) {
  const pid_t pid = child([] {
    while (true) ::pause();
  });
  EXPECT_EQ(exit_code_of(pid, milliseconds(1)), ETIMEDOUT);
  EXPECT_TRUE(is_reaped(pid));
}

}  // namespace
}  // namespace driftcage::cage
