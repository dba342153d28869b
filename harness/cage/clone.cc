// SPDX-License-Identifier: Apache-2.0
#include "harness/cage/clone.h"

#include <linux/sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

namespace driftcage::cage {
namespace {

const char* clone_hint(int err) {
  switch (err) {
    case EPERM:
      return "user namespaces are not allowed here: driftcage doctor tells why";
    case ENOSPC:
    case EUSERS:
      return "a limit below user.max_*_namespaces or the nesting depth is "
             "reached: driftcage doctor tells which";
    case EINVAL:
      return "the kernel lacks a namespace, or the caller has threads";
    default:
      return "";
  }
}

// CLONE_CLEAR_SIGHAND leaves ignored signals ignored, and so does execve. By
// the system call: glibc's posix_spawn(3) ignores the two signals that it keeps
// for itself, and its sigaction(2) lets nobody change them back.
void clear_actions() {
  constexpr std::size_t kSetSize = _NSIG / 8;
  // The kernel's sigaction, larger than on any machine: SIG_DFL is zero.
  const std::array<unsigned long, 8> action{};
  for (int number = 1; number < _NSIG; ++number) {
    ::syscall(SYS_rt_sigaction, number, action.data(), nullptr, kSetSize);
  }
}

}  // namespace

base::Result<pid_t> clone_into(std::uint64_t flags, int* pidfd) {
  clone_args args{};
  args.flags = flags | CLONE_PIDFD | CLONE_CLEAR_SIGHAND;
  args.pidfd = reinterpret_cast<std::uint64_t>(pidfd);
  args.exit_signal = SIGCHLD;
  long pid = ::syscall(SYS_clone3, &args, sizeof args);
  // Container profiles answer ENOSYS on purpose, to be asked again the old way.
  if (pid < 0 && errno == ENOSYS) {
    pid = ::syscall(SYS_clone, flags | CLONE_PIDFD | SIGCHLD, nullptr, pidfd,
                    nullptr, 0);
  }
  if (pid == 0) clear_actions();
  if (pid < 0) {
    const int err = errno;
    return base::fail("clone", "namespaces of the cage", err, clone_hint(err));
  }
  return static_cast<pid_t>(pid);
}

}  // namespace driftcage::cage
