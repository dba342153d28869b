// SPDX-License-Identifier: Apache-2.0
#include "harness/trace/checked_sink.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace driftcage::trace {

#ifdef NDEBUG

void CheckedSink::process_start(const model::ProcessStart& start) {
  next_.process_start(start);
}
void CheckedSink::event(const model::Event& event) { next_.event(event); }
void CheckedSink::process_end(const model::ProcessEnd& end) {
  next_.process_end(end);
}
void CheckedSink::mapped(const model::Mapped& mapped) { next_.mapped(mapped); }
void CheckedSink::expect_balance(std::uint64_t, std::uint64_t) const {}

#else

namespace {

// Not assert(3): its message would name a source line and no event.
void require(bool holds, const char* what, std::uint64_t number) {
  if (holds) return;
  std::fprintf(stderr, "driftcage: broken trace: %s (%llu)\n", what,
               static_cast<unsigned long long>(number));
  std::abort();
}

// A call with the filter on and nobody to answer it is told ENOSYS; the kernel
// itself knows openat(2) in its own ABI.
bool answered_by_nobody(const model::Event& event) {
  const bool native =
      event.abi == model::Abi::X86_64 || event.abi == model::Abi::Arm64;
  return native && event.syscall == model::Syscall::Openat &&
         event.err == ENOSYS && event.cause != model::Cause::Injected;
}

}  // namespace

void CheckedSink::process_start(const model::ProcessStart& start) {
  require(start.process == processes_.size() + 1, "process number not dense",
          start.process);
  require(start.parent == 0 ? start.process == 1
                            : processes_.contains(start.parent),
          "process without a known parent", start.process);
  require(start.pid > 0, "process without a pid", start.process);
  processes_[start.process];
  next_.process_start(start);
}

void CheckedSink::event(const model::Event& event) {
  require(event.seq == ++seq_, "event number not dense", event.seq);
  const auto found = processes_.find(event.process);
  require(found != processes_.end(), "event of an unknown process", event.seq);
  require(!found->second.ended, "event of a process that has ended", event.seq);
  require(event.generation == found->second.generation,
          "event of another program", event.seq);
  require(event.tid > 0, "event without a thread", event.seq);
  require(event.enter_ns <= event.exit_ns, "exit before entry", event.seq);
  require(event.ok() || event.result == -1, "failure with a result", event.seq);
  require(!event.ok() || event.cause == model::Cause::None,
          "success with a cause", event.seq);
  require(!by_filter_ || !answered_by_nobody(event),
          "openat was answered by nobody", event.seq);
  require((event.verb == model::Verb::Exec) == event.exec.has_value(),
          "exec without details, or details without exec", event.seq);
  if (event.verb == model::Verb::Exec && event.ok()) ++found->second.generation;
  next_.event(event);
}

void CheckedSink::process_end(const model::ProcessEnd& end) {
  const auto found = processes_.find(end.process);
  require(found != processes_.end(), "end of an unknown process", end.process);
  require(!found->second.ended, "process ended twice", end.process);
  found->second.ended = true;
  next_.process_end(end);
}

void CheckedSink::mapped(const model::Mapped& mapped) {
  require(processes_.contains(mapped.process), "maps of an unknown process",
          mapped.process);
  next_.mapped(mapped);
}

void CheckedSink::expect_balance(std::uint64_t entered,
                                 std::uint64_t ended) const {
  require(entered == ended, "calls that were entered and never ended",
          entered - ended);
  for (const auto& [number, process] : processes_)
    require(process.ended, "process that never ended", number);
}

#endif

}  // namespace driftcage::trace
