// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "harness/run/asio.h"
#include "harness/run/launcher.h"

namespace driftcage::run {

// Bytes from one descriptor to another until either ends; one piece at a time,
// so that a slow reader holds the writer back.
class Pump {
 public:
  Pump(Descriptor& from, Descriptor& to) : from_(from), to_(to) {}
  void start();

 private:
  Descriptor& from_;
  Descriptor& to_;
  std::array<char, 4096> buffer_{};
};

// The terminal and the pty of LoopHooks, joined. Must outlive the handlers that
// stop() leaves behind.
class Relay {
 public:
  Relay(asio::io_context& io, const LoopHooks& hooks);
  void stop();

 private:
  void follow_size();
  void drain();

  Descriptor terminal_;
  Descriptor pty_;
  asio::signal_set sizes_;
  Pump keys_;
  Pump screen_;
};

// Timers and questions of LoopHooks. Must outlive the handlers that stop()
// leaves behind.
class Extras {
 public:
  Extras(asio::io_context& io, const LoopHooks& hooks);
  void stop();

 private:
  void await_tick();
  void await_query();
  void await_key();
  void await_visitor();

  const LoopHooks& hooks_;
  Timer tick_;
  Timer deadline_;
  asio::signal_set queries_;
  Descriptor keys_;
  Descriptor door_;
  Timer pause_;  // between two visitors
  std::array<char, 16> key_{};
  bool stopped_ = false;
};

}  // namespace driftcage::run
