// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <termios.h>

#include "harness/base/result.h"
#include "harness/base/unique_fd.h"

namespace driftcage::run {

// Both sides of a pty(7), close-on-exec.
struct Pty {
  base::UniqueFd ours;
  base::UniqueFd theirs;
};
[[nodiscard]] base::Result<Pty> open_pty();

// The caller's terminal, raw for as long as this exists. A description of its
// own, so that making it non-blocking does not touch what the shell reads from.
class RawTerminal {
 public:
  [[nodiscard]] static base::Result<RawTerminal> open();
  RawTerminal(RawTerminal&&) noexcept = default;
  RawTerminal& operator=(RawTerminal&&) = delete;
  ~RawTerminal();
  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] const struct ::termios& before() const { return before_; }

 private:
  RawTerminal() = default;
  base::UniqueFd fd_;
  struct ::termios before_ {};
};

}  // namespace driftcage::run
