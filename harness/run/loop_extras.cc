// SPDX-License-Identifier: Apache-2.0
#include "harness/run/loop_extras.h"

#include <signal.h>
#include <sys/ioctl.h>

#include <cstddef>

namespace driftcage::run {

void Pump::start() {
  from_.async_read_some(
      asio::buffer(buffer_), [this](ErrorCode error, std::size_t size) {
        if (error || !to_.is_open()) return;
        asio::async_write(to_, asio::buffer(buffer_.data(), size),
                          [this](ErrorCode failed, std::size_t) {
                            if (!failed && from_.is_open()) start();
                          });
      });
}

Relay::Relay(asio::io_context& io, const LoopHooks& hooks)
    : terminal_(io),
      pty_(io),
      sizes_(io),
      keys_(terminal_, pty_),
      screen_(pty_, terminal_) {
  ErrorCode refused;
  terminal_.assign(hooks.terminal, refused);
  if (!refused) pty_.assign(hooks.pty, refused);
  if (refused) return;
  pty_.non_blocking(true, refused);
  sizes_.add(SIGWINCH, refused);
  follow_size();
  keys_.start();
  screen_.start();
}

void Relay::stop() {
  if (!pty_.is_open()) return;
  drain();
  ErrorCode ignored;
  sizes_.cancel(ignored);
  // Both are the caller's.
  (void)terminal_.release();
  (void)pty_.release();
}

void Relay::follow_size() {
  struct ::winsize size {};
  if (::ioctl(terminal_.native_handle(), TIOCGWINSZ, &size) == 0) {
    ::ioctl(pty_.native_handle(), TIOCSWINSZ, &size);
  }
  sizes_.async_wait([this](ErrorCode error, int) {
    if (!error && pty_.is_open()) follow_size();
  });
}

// What was printed last may still be on its way.
void Relay::drain() {
  ErrorCode ended;
  std::array<char, 4096> rest{};
  while (!ended) {
    const std::size_t size = pty_.read_some(asio::buffer(rest), ended);
    if (ended || size == 0) return;
    asio::write(terminal_, asio::buffer(rest.data(), size), ended);
  }
}

Extras::Extras(asio::io_context& io, const LoopHooks& hooks)
    : hooks_(hooks),
      tick_(io),
      deadline_(io),
      queries_(io),
      keys_(io),
      door_(io),
      pause_(io) {
  if (hooks.on_door && hooks.door >= 0) {
    ErrorCode refused;
    door_.assign(hooks.door, refused);
    if (!refused) await_visitor();
  }
  if (hooks.on_tick && hooks.tick.count() > 0) await_tick();
  if (hooks.on_deadline && hooks.deadline.count() > 0) {
    deadline_.expires_after(hooks.deadline);
    deadline_.async_wait([this](ErrorCode error) {
      if (!error && !stopped_) hooks_.on_deadline();
    });
  }
  if (!hooks.on_query) return;
  queries_.add(SIGUSR1);
  await_query();
  if (hooks.keys >= 0) {
    ErrorCode refused;  // a file, which is always readable
    keys_.assign(hooks.keys, refused);
    if (!refused) await_key();
  }
}

void Extras::stop() {
  stopped_ = true;
  tick_.cancel();
  deadline_.cancel();
  queries_.cancel();
  pause_.cancel();
  // The descriptors are the caller's.
  if (keys_.is_open()) (void)keys_.release();
  if (door_.is_open()) (void)door_.release();
}

void Extras::await_tick() {
  tick_.expires_after(hooks_.tick);
  tick_.async_wait([this](ErrorCode error) {
    if (error || stopped_) return;
    hooks_.on_tick();
    await_tick();
  });
}

void Extras::await_query() {
  queries_.async_wait([this](ErrorCode error, int) {
    if (error || stopped_) return;
    hooks_.on_query();
    await_query();
  });
}

void Extras::await_visitor() {
  door_.async_wait(Descriptor::wait_read, [this](ErrorCode error) {
    if (error || stopped_) return;
    hooks_.on_door();
    // Whoever knocks without end, or cannot be let in for want of descriptors,
    // must not take the loop's whole time.
    pause_.expires_after(std::chrono::milliseconds(10));
    pause_.async_wait([this](ErrorCode cancelled) {
      if (!cancelled && !stopped_) await_visitor();
    });
  });
}

void Extras::await_key() {
  keys_.async_read_some(asio::buffer(key_),
                        [this](ErrorCode error, std::size_t) {
                          if (error || stopped_) return;
                          hooks_.on_query();
                          await_key();
                        });
}

}  // namespace driftcage::run
