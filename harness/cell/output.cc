// SPDX-License-Identifier: Apache-2.0
#include "harness/cell/output.h"

#include <atomic>
#include <csignal>

#include "harness/base/sys.h"
#include "harness/wire/codec.h"

namespace driftcage::cell {
namespace {

// As much as a pipe holds.
constexpr std::size_t kFlushSize = 64u << 10;
constexpr long kFlushNs = 100'000'000;

// Between the handler and the only Output that ticks.
std::atomic<bool> g_tick{false};
static_assert(std::atomic<bool>::is_always_lock_free);

}  // namespace

Output::Output(int fd) : fd_(fd) { buffer_.reserve(kFlushSize + 4096); }

Output::~Output() {
  if (timer_) ::timer_delete(*timer_);
}

// It goes on until a tick finds nothing to send: to set it for each flush would
// cost more.
void Output::set_timer(bool on) {
  if (!timer_) {
    struct sigaction action {};
    // No SA_RESTART: wait4(2) shall return.
    action.sa_handler = [](int) { g_tick = true; };
    ::sigaction(SIGRTMIN, &action, nullptr);
    sigevent event{};
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = SIGRTMIN;
    timer_t made{};
    // Without one, as when the user has no queued signal left, a trace is shown
    // with what follows it.
    can_tick_ = ::timer_create(CLOCK_MONOTONIC, &event, &made) == 0;
    if (!can_tick_) return;
    timer_ = made;
  }
  itimerspec when{};
  if (on) when.it_value.tv_nsec = when.it_interval.tv_nsec = kFlushNs;
  ::timer_settime(*timer_, 0, &when, nullptr);
  ticking_ = on;
}

void Output::stop_ticking() {
  if (ticking_) set_timer(false);
}

void Output::before_wait() {
  if (!g_tick.exchange(false)) return;
  if (buffer_.empty()) {
    set_timer(false);
  } else {
    flush();
  }
}

void Output::flush_when_due(std::uint64_t at_ns) {
  if (!ticking_ && can_tick_) set_timer(true);
  if (buffer_.size() < kFlushSize &&
      at_ns < flushed_ns_ + std::uint64_t{kFlushNs})
    return;
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
