// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "harness/base/unique_fd.h"
#include "tests/cli/command.h"

namespace driftcage::cli_test {

// A program on a terminal of its own (pty(7)), whose session it leads.
class OnTerminal {
 public:
  OnTerminal(const std::vector<std::string>& argv, const Setting& setting);
  // Kills it if it is still there.
  ~OnTerminal();
  OnTerminal(const OnTerminal&) = delete;
  OnTerminal& operator=(const OnTerminal&) = delete;

  // Reads until `text` stands on the screen behind everything that was waited
  // for before; false when the program ended without it, or was killed because
  // it had nothing to say for too long.
  bool wait_for(const std::string& text);
  void type(const std::string& keys) const;
  void resize(unsigned short rows, unsigned short columns) const;
  // Takes the terminal away; the exit code as a shell shows it.
  int hang_up();
  // Reads to the end of the program; the exit code.
  int finish();
  [[nodiscard]] const std::string& screen() const { return screen_; }
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  bool read_more();
  int reap();

  pid_t pid_ = -1;
  base::UniqueFd terminal_;
  std::string screen_;
  std::size_t seen_ = 0;
};

}  // namespace driftcage::cli_test
