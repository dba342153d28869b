// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/base/unique_fd.h"
#include "harness/base/wait_status.h"
#include "harness/model/cage_spec.h"

namespace driftcage::cage {

struct StepTime {
  std::string step;
  std::uint64_t ns = 0;
};

// A network namespace (network_namespaces(7)) whose loopback is down and that
// nobody uses: a cage without network takes it where it may and no socket is
// left there, instead of a new one. To make and end one costs more than all of
// a cage's mounts.
struct IdleNetwork {
  int network = -1;  // -1: there is none
  int sockets = -1;  // its /proc/net/sockstat
};

// A cage that stands, with its payload's process stopped just before
// `before_exec`. The caller owns all wait(2) calls of the process.
class Cage {
 public:
  struct Hooks {
    // Runs in the payload's process after every set-up step, right before
    // execve: installs the trace filter. Must neither allocate nor lock;
    // returns 0 or an errno value.
    int (*before_exec)(void* context) = nullptr;
    void* context = nullptr;
    // create() gives up with ETIMEDOUT at this time (CLOCK_MONOTONIC, 0: no
    // limit), with ECANCELED when the descriptor becomes readable or ends.
    std::uint64_t deadline_ns = 0;
    int cancel_fd = -1;
    IdleNetwork network;
  };

  // The end of the payload as the cage's pid 1 saw it.
  struct PayloadEnd {
    base::WaitStatus status;
    std::uint64_t left_behind = 0;  // other processes alive at that time
  };

  // Builds namespaces, mounts and operations of `spec` (user_namespaces(7),
  // mount_namespaces(7), overlay in the kernel's filesystems documentation),
  // starts pid 1 and the payload's process. The payload's stdin, stdout and
  // stderr are this process's 0, 1 and 2. On failure nothing is left behind.
  // The calling process must be single-threaded.
  static base::Result<Cage> create(const model::CageSpec& spec,
                                   const Hooks& hooks);

  Cage(Cage&&) noexcept;
  Cage& operator=(Cage&&) noexcept;
  ~Cage();  // kills what is left

  // Pid 1 of the cage and the payload, in the caller's pid namespace.
  [[nodiscard]] pid_t init_pid() const;
  [[nodiscard]] pid_t payload_pid() const;
  // Refers to pid 1; SIGKILL through it ends every process of the cage.
  [[nodiscard]] int init_pidfd() const;
  [[nodiscard]] const std::string& rung() const;
  // User and group ids that it has, from 0 on.
  [[nodiscard]] std::uint32_t ids() const;
  [[nodiscard]] const std::vector<StepTime>& steps() const;
  [[nodiscard]] const std::vector<std::string>& notes() const;

  // Lets the payload run: before_exec, then execve. Call after seizing it.
  base::Status release();
  // Errno of the payload's execve, 0 while it runs or after success. Readable
  // without blocking once the payload has exec'd or died.
  [[nodiscard]] base::Result<int> spawn_error();
  // Waits until the payload has ended, for callers that do not trace it; empty
  // when pid 1 died before it could tell, ETIMEDOUT and ECANCELED as create().
  [[nodiscard]] base::Result<std::optional<PayloadEnd>> wait_payload(
      std::uint64_t deadline_ns, int cancel_fd);
  // Kills every process of the cage; does not wait.
  void kill() noexcept;

 private:
  struct State;
  explicit Cage(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace driftcage::cage
