// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "harness/base/result.h"
#include "harness/base/wait_status.h"
#include "harness/model/cage_spec.h"
#include "harness/model/event.h"

namespace driftcage::trace {

// Receives the records of a trace, in the order of their seq numbers. Calls
// come from within Tracer::run, with the tracee stopped: be quick.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void process_start(const model::ProcessStart& start) = 0;
  virtual void event(const model::Event& event) = 0;
  virtual void process_end(const model::ProcessEnd& end) = 0;
  virtual void mapped(const model::Mapped& mapped) = 0;
  // Comes before each wait for a tracee, of which a signal may be the end.
  virtual void before_wait() {}
};

// The seccomp filter for a set of verbs, ready to install. Made before fork,
// installed in the payload's process, which must neither allocate nor lock.
class Filter {
 public:
  static base::Result<Filter> make(const model::TraceSpec& spec);
  // Whether the kernel, and whatever filter this process lives under, lets a
  // descendant with the rights of a new user namespace install one. Asks
  // seccomp(2) and changes nothing.
  [[nodiscard]] static bool is_possible();
  Filter(const Filter&) = delete;
  Filter& operator=(const Filter&) = delete;
  Filter(Filter&&) noexcept;
  Filter& operator=(Filter&&) noexcept;
  ~Filter();
  // seccomp(2) SECCOMP_SET_MODE_FILTER in the calling thread, without
  // no_new_privs. Async-signal-safe. Returns 0 or an errno value.
  [[nodiscard]] int install() const noexcept;

 private:
  struct Program;
  explicit Filter(std::unique_ptr<Program> program);
  std::unique_ptr<Program> program_;
};

// How a traced run ended.
struct TraceEnd {
  base::WaitStatus status;  // of the first process
  bool payload_ended = false;
  std::uint32_t integrity = 0;
  std::uint64_t events = 0;
  std::uint64_t duration_ns = 0;
  std::uint64_t left_behind = 0;  // tracees alive when the payload had ended
  bool timeout = false;
  bool cancelled = false;
  // The cage's pid 1 ended by a signal, and all tracees with it: after a
  // timeout, when cancelled, or by somebody outside.
  bool init_killed = false;
};

// Traces one process tree with PTRACE_SEIZE (ptrace(2)). One per process: it
// owns every wait(2) of the calling thread.
class Tracer {
 public:
  // A call that an injection names is not made: the tracee gets the errno.
  // Only calls that the trace sees anyway can be answered.
  Tracer(const model::TraceSpec& spec, Sink& sink,
         std::vector<model::Injection> injections = {});
  ~Tracer();
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;

  // Seizes `payload`, a process that waits to be released. `root` must stay
  // its root directory: paths are resolved and explained inside it.
  base::Status seize(pid_t payload);

  struct Limits {
    std::uint64_t timeout_ns = 0;  // 0: none
    // Ends every tracee when the time is up or `cancel_fd` becomes readable or
    // reaches end of file; -1: none. Blocking wait(2) is interrupted by
    // signals whose handlers do the killing, so no wake-up can be lost.
    int cancel_fd = -1;
    int kill_pidfd = -1;  // pid 1 of the cage
    pid_t init_pid = 0;   // its end is waited for, after all tracees
  };
  // Runs until the payload and the cage's pid 1 have ended.
  base::Result<TraceEnd> run(const Limits& limits);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace driftcage::trace
