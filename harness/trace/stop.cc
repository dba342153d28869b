// SPDX-License-Identifier: Apache-2.0
#include "harness/trace/stop.h"

#include <sys/ptrace.h>
#include <sys/wait.h>

#include <csignal>

namespace driftcage::trace {

Stop decode_stop(int status) {
  if (!WIFSTOPPED(status)) return {StopKind::Ended, 0};
  const int signal = WSTOPSIG(status);
  const int event = static_cast<int>(static_cast<unsigned>(status) >> 16U);
  switch (event) {
    case 0:
      if (signal == (SIGTRAP | 0x80)) return {StopKind::Syscall, 0};
      return {StopKind::Signal, signal};
    case PTRACE_EVENT_SECCOMP:
      return {StopKind::Seccomp, 0};
    case PTRACE_EVENT_EXEC:
      return {StopKind::Exec, 0};
    case PTRACE_EVENT_EXIT:
      return {StopKind::Exiting, 0};
    case PTRACE_EVENT_FORK:
    case PTRACE_EVENT_VFORK:
    case PTRACE_EVENT_CLONE:
      return {StopKind::Spawned, 0};
    case PTRACE_EVENT_STOP:
      // Only the four stop signals mean a group-stop here; SIGTRAP is the
      // first stop of a new tracee or SIGCONT's end of a group-stop.
      if (signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN ||
          signal == SIGTTOU) {
        return {StopKind::Group, signal};
      }
      return {StopKind::Trap, 0};
    default:
      return {StopKind::Other, 0};
  }
}

}  // namespace driftcage::trace
