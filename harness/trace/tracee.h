// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "harness/base/unique_fd.h"
#include "harness/model/environment.h"
#include "harness/model/event.h"
#include "harness/trace/proc_view.h"
#include "harness/trace/stop.h"
#include "harness/trace/syscalls.h"

namespace driftcage::trace {

// One process (thread group). Numbered densely, because pids come again.
struct Process {
  std::uint32_t number = 0;
  std::uint32_t parent = 0;
  pid_t tgid = 0;       // in the tracer's pid namespace
  pid_t inner_pid = 0;  // in the cage's
  std::uint32_t generation = 0;
  bool own_root = false;  // may see another tree than the cage's
  // What its last exec in the trace was given, shared with the processes it
  // made since; null: not known yet.
  std::shared_ptr<const model::Environment> environment;
  bool exec_seen = false;  // a successful exec of this very process
  base::UniqueFd memory;   // its mem in /proc, for its program's time
  bool memory_sought = false;
  // It runs the dynamic loader, which has not opened the real program yet.
  bool awaits_program = false;
};

// One thread and the call it is in.
struct Thread {
  explicit Thread(pid_t id) : tid(id) {}

  pid_t tid = 0;
  pid_t inner_tid = 0;  // 0: not looked up yet
  ThreadState state = ThreadState::Expected;
  bool adopted = false;  // its parent died before announcing it
  std::shared_ptr<Process> process;
  ProcView proc;

  // The pending call; valid in ThreadState::InCall.
  CallTag tag = 0;
  std::array<std::uint64_t, 6> args{};
  const AbiRow* abi = nullptr;
  bool multiplexed = false;   // i386 socketcall: arguments are in memory
  bool rooted = false;        // openat2 with RESOLVE_IN_ROOT
  bool path_unread = false;   // the path, or its end, could not be read
  bool flag_cleared = false;  // CLONE_UNTRACED, in the caller\'s clone_args
  bool injected = false;      // the pending call was not made
  pid_t child = 0;            // what a pending fork or clone made
  model::Event event;
  model::Environment new_environment;  // of a pending exec
  std::optional<std::vector<model::MappedFile>>
      mapped;  // before a pending exec

  [[nodiscard]] bool leads() const { return process && process->tgid == tid; }
};

// All threads by tid. References stay valid until the thread is erased.
class ThreadTable {
 public:
  [[nodiscard]] Thread* find(pid_t tid);
  Thread& add(pid_t tid);
  void erase(pid_t tid);
  [[nodiscard]] std::size_t size() const { return threads_.size(); }
  template <class Visit>
  void for_each(Visit visit) {
    for (auto& [tid, thread] : threads_) visit(*thread);
  }

 private:
  std::unordered_map<pid_t, std::unique_ptr<Thread>> threads_;
  Thread* last_ = nullptr;  // most stops come from the thread that came last
};

}  // namespace driftcage::trace
