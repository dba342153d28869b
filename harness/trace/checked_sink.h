// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <unordered_map>

#include "harness/trace/tracer.h"

namespace driftcage::trace {

// Passes everything on. In debug builds it first checks what holds for every
// trace of every program, and ends the tracer with a message when it does not:
// a trace that cannot be true must not be judged. In other builds it costs a
// call.
class CheckedSink final : public Sink {
 public:
  // `by_filter`: calls stop by the trace's own filter. Without it a program may
  // have a filter that answers any call in any way, and it is seen.
  CheckedSink(Sink& next, bool by_filter)
      : next_(next), by_filter_(by_filter) {}
  void process_start(const model::ProcessStart& start) override;
  void event(const model::Event& event) override;
  void process_end(const model::ProcessEnd& end) override;
  void mapped(const model::Mapped& mapped) override;
  void before_wait() override { next_.before_wait(); }
  // When no tracee is left: each call that was entered has ended, and in one
  // way only; each process has ended.
  void expect_balance(std::uint64_t entered, std::uint64_t ended) const;

 private:
  struct Process {
    std::uint32_t generation = 0;
    bool ended = false;
  };

  Sink& next_;
  [[maybe_unused]] const bool by_filter_;
#ifndef NDEBUG
  std::uint64_t seq_ = 0;
  std::unordered_map<std::uint32_t, Process> processes_;
#endif
};

}  // namespace driftcage::trace
