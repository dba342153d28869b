// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace driftcage::trace {

// Why wait4(2) reported a tracee, see ptrace(2).
enum class StopKind : std::uint8_t {
  Ended,    // exited or killed; the tid is free for reuse afterwards
  Seccomp,  // the filter asks: call entry
  Syscall,  // entry or exit, told apart by PTRACE_GET_SYSCALL_INFO
  Exec,     // a successful execve; the message holds the former tid
  Exiting,  // about to end, its memory still there (PTRACE_O_TRACEEXIT)
  Spawned,  // fork, vfork or clone; the message holds the new tid
  Group,    // group-stop: must be left stopped (PTRACE_LISTEN)
  Trap,     // first stop of a new tracee, or the end of a group-stop
  Signal,   // signal-delivery-stop: `signal` must be passed on
  Other,    // any other event: continue
};

struct Stop {
  StopKind kind = StopKind::Other;
  int signal = 0;
  bool operator==(const Stop&) const = default;
};

// Pure: classifies a status of wait4(2) for a tracee that was seized with
// PTRACE_O_TRACESYSGOOD.
[[nodiscard]] Stop decode_stop(int status);

// Where a traced thread stands, as the tracer knows it.
enum class ThreadState : std::uint8_t {
  Expected,   // its parent announced it, its first stop has not come yet
  Early,      // its first stop came before the parent's announcement: held
  Running,    // outside of any call that matters
  InCall,     // entry seen, its exit is of interest
  InIgnored,  // PTRACE_SYSCALL engine: in a call nobody asked for
  Listening,  // in a group-stop
};

}  // namespace driftcage::trace
