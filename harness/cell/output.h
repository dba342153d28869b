// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>

#include "harness/trace/tracer.h"
#include "harness/wire/record.h"

namespace driftcage::cell {

// Writes records to a descriptor in large pieces: when enough has come
// together, and otherwise at the latest after 200 ms, so that a killed cell
// loses little and whoever looks on sees where a program hangs. For that it
// has a timer (timer_create(2)), whose signal, SIGRTMIN, it handles.
class Output final : public trace::Sink {
 public:
  explicit Output(int fd);
  ~Output() override;
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  void process_start(const model::ProcessStart& start) override;
  void event(const model::Event& event) override;
  void process_end(const model::ProcessEnd& end) override;
  void mapped(const model::Mapped& mapped) override;
  void before_wait() override;
  // Any other record; sent at once.
  void record(const wire::Record& record);
  void flush();
  // No more ticks; for when nothing waits for tracees any more.
  void stop_ticking();
  // False after a write has failed: nobody reads any more.
  [[nodiscard]] bool ok() const { return ok_; }

  // Somebody waits for what a program did while nothing else happens: what
  // was gathered is sent whenever a program begins or ends.
  void set_watched(bool watched) { watched_ = watched; }

 private:
  void flush_when_due(std::uint64_t at_ns);
  void set_timer(bool on);

  int fd_;
  bool watched_ = false;
  bool ok_ = true;
  bool ticking_ = false;
  bool can_tick_ = true;
  std::optional<timer_t> timer_;
  std::uint64_t flushed_ns_ = 0;  // in event time
  std::string buffer_;
};

}  // namespace driftcage::cell
