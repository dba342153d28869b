// SPDX-License-Identifier: Apache-2.0
#include "harness/trace/stop.h"

#include <gtest/gtest.h>
#include <sys/ptrace.h>

#include <csignal>

namespace driftcage::trace {
namespace {

int stopped(int signal, int event = 0) {
  return (event << 16) | (signal << 8) | 0x7f;
}

TEST(DecodeStop, Kinds) {
  EXPECT_EQ(decode_stop(0).kind, StopKind::Ended);
  EXPECT_EQ(decode_stop(SIGKILL).kind, StopKind::Ended);
  EXPECT_EQ(decode_stop(stopped(SIGTRAP | 0x80)).kind, StopKind::Syscall);
  EXPECT_EQ(decode_stop(stopped(SIGTRAP, PTRACE_EVENT_SECCOMP)).kind,
            StopKind::Seccomp);
  EXPECT_EQ(decode_stop(stopped(SIGTRAP, PTRACE_EVENT_EXEC)).kind,
            StopKind::Exec);
  for (const int event :
       {PTRACE_EVENT_FORK, PTRACE_EVENT_VFORK, PTRACE_EVENT_CLONE}) {
    EXPECT_EQ(decode_stop(stopped(SIGTRAP, event)).kind, StopKind::Spawned);
  }
  EXPECT_EQ(decode_stop(stopped(SIGTRAP, PTRACE_EVENT_EXIT)).kind,
            StopKind::Exiting);
  EXPECT_EQ(decode_stop(stopped(SIGTRAP, PTRACE_EVENT_VFORK_DONE)).kind,
            StopKind::Other);
}

TEST(DecodeStop, SignalsArePassedOnAsTheyAre) {
  EXPECT_EQ(decode_stop(stopped(SIGURG)), (Stop{StopKind::Signal, SIGURG}));
  EXPECT_EQ(decode_stop(stopped(SIGTRAP)), (Stop{StopKind::Signal, SIGTRAP}));
  EXPECT_EQ(decode_stop(stopped(SIGSTOP)), (Stop{StopKind::Signal, SIGSTOP}));
}

TEST(DecodeStop, OnlyStopSignalsMakeAGroupStop) {
  for (const int signal : {SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU}) {
    EXPECT_EQ(decode_stop(stopped(signal, PTRACE_EVENT_STOP)),
              (Stop{StopKind::Group, signal}));
  }
  EXPECT_EQ(decode_stop(stopped(SIGTRAP, PTRACE_EVENT_STOP)).kind,
            StopKind::Trap);
}

}  // namespace
}  // namespace driftcage::trace
