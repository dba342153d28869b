// SPDX-License-Identifier: Apache-2.0
#include "tests/cli/terminal.h"

#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "harness/base/wait_status.h"

namespace driftcage::cli_test {

OnTerminal::OnTerminal(const std::vector<std::string>& argv,
                       const Setting& setting) {
  int fd = -1;
  struct ::winsize size {};
  size.ws_row = 40;
  size.ws_col = 120;
  pid_ = ::forkpty(&fd, nullptr, nullptr, &size);
  if (pid_ == 0) {
    become(argv, setting, STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO);
  }
  // kill(2) of -1 would go to every process there is.
  if (pid_ < 0) std::abort();
  terminal_.reset(fd);
}

OnTerminal::~OnTerminal() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  static_cast<void>(reap());
}

bool OnTerminal::read_more() {
  // Whoever waits for what never comes shall say so, with the screen, before
  // ctest ends the test without a word.
  constexpr int kSilenceMs = 40'000;
  struct ::pollfd readable {
    terminal_.get(), POLLIN, 0
  };
  if (::poll(&readable, 1, kSilenceMs) == 0) {
    ::kill(pid_, SIGKILL);
    return false;
  }
  std::array<char, 4096> buffer{};
  const ssize_t count = ::read(terminal_.get(), buffer.data(), buffer.size());
  if (count < 0 && errno == EINTR) return true;
  if (count <= 0) return false;  // EIO: nobody has the other side any more
  screen_.append(buffer.data(), static_cast<std::size_t>(count));
  return true;
}

bool OnTerminal::wait_for(const std::string& text) {
  while (true) {
    const std::size_t at = screen_.find(text, seen_);
    if (at != std::string::npos) {
      seen_ = at + text.size();
      return true;
    }
    if (!read_more()) return false;
  }
}

void OnTerminal::type(const std::string& keys) const {
  static_cast<void>(!::write(terminal_.get(), keys.data(), keys.size()));
}

void OnTerminal::resize(unsigned short rows, unsigned short columns) const {
  struct ::winsize size {};
  size.ws_row = rows;
  size.ws_col = columns;
  static_cast<void>(::ioctl(terminal_.get(), TIOCSWINSZ, &size));
}

int OnTerminal::hang_up() {
  terminal_.reset();
  return reap();
}

int OnTerminal::finish() {
  while (read_more()) {
  }
  return reap();
}

int OnTerminal::reap() {
  int raw = 0;
  while (::waitpid(pid_, &raw, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return base::WaitStatus(raw).shell_code();
}

}  // namespace driftcage::cli_test
