// SPDX-License-Identifier: Apache-2.0
#include "harness/cage/child.h"

#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "harness/base/sys.h"

namespace driftcage::cage {
namespace {

using std::chrono::milliseconds;

// What SIGKILL may take to work on a child that waits for a disk.
constexpr milliseconds kDeath{1000};

// True when the descriptor of a process says that it has ended. A kernel that
// has no such descriptors is not one that cages run on.
bool ended_within(int pidfd, milliseconds patience) {
  const std::uint64_t end =
      base::sys::monotonic_ns() +
      static_cast<std::uint64_t>(std::chrono::nanoseconds(patience).count());
  while (true) {
    const std::uint64_t now = base::sys::monotonic_ns();
    const int left =
        now < end ? static_cast<int>((end - now) / 1'000'000) + 1 : 0;
    ::pollfd wait{pidfd, POLLIN, 0};
    const int ready = ::poll(&wait, 1, left);
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

}  // namespace

int exit_code_of(pid_t pid, milliseconds patience) {
  const base::UniqueFd pidfd(
      static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  bool late = false;
  if (pidfd && !ended_within(pidfd.get(), patience)) {
    late = true;
    ::kill(pid, SIGKILL);
    if (!ended_within(pidfd.get(), kDeath)) return ETIMEDOUT;
  }
  int status = 0;
  while (::waitpid(pid, &status, __WALL) < 0 && errno == EINTR) {
  }
  if (late) return ETIMEDOUT;
  return WIFEXITED(status) ? WEXITSTATUS(status) : EACCES;
}

}  // namespace driftcage::cage
