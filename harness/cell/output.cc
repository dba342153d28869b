// SPDX-License-Identifier: Apache-2.0
#include "harness/cell/output.h"

#include "harness/base/sys.h"
#include "harness/wire/codec.h"

namespace driftcage::cell {
namespace {

// As much as a pipe holds.
constexpr std::size_t kFlushSize = 64u << 10;
constexpr std::uint64_t kFlushNs = 100'000'000;

}  // namespace

Output::Output(int fd) : fd_(fd) { buffer_.reserve(kFlushSize + 4096); }

void Output::flush_when_due(std::uint64_t at_ns) {
  if (buffer_.size() < kFlushSize && at_ns < flushed_ns_ + kFlushNs) return;
  flushed_ns_ = at_ns;
  flush();
}

void Output::process_start(const model::ProcessStart& start) {
  wire::encode(wire::Record(start), buffer_);
  if (watched_) return flush();
  flush_when_due(start.at_ns);
}

void Output::event(const model::Event& event) {
  wire::encode(event, buffer_);
  if (watched_ && event.verb == model::Verb::Exec) return flush();
  flush_when_due(event.exit_ns);
}

void Output::process_end(const model::ProcessEnd& end) {
  wire::encode(wire::Record(end), buffer_);
  if (watched_) return flush();
  flush_when_due(end.at_ns);
}

void Output::mapped(const model::Mapped& mapped) {
  wire::encode(wire::Record(mapped), buffer_);
  flush_when_due(mapped.at_ns);
}

void Output::record(const wire::Record& record) {
  wire::encode(record, buffer_);
  flush();
}

void Output::flush() {
  if (ok_) ok_ = base::sys::write_all(fd_, buffer_, "trace").has_value();
  buffer_.clear();
}

}  // namespace driftcage::cell
