// SPDX-License-Identifier: Apache-2.0
#include "runner/terminal.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <utility>

#include "harness/base/sys.h"
#include "harness/base/wait_status.h"
#include "harness/model/verdict.h"

namespace driftcage::runner {
namespace {

bool variable_set(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

}  // namespace

bool use_color(ColorMode mode, int fd) {
  if (mode != ColorMode::Auto) return mode == ColorMode::Always;
  if (variable_set("NO_COLOR")) return false;
  if (variable_set("FORCE_COLOR"))
    return std::string_view(std::getenv("FORCE_COLOR")) != "0";
  const char* term = std::getenv("TERM");
  return is_terminal(fd) && term != nullptr && std::string_view(term) != "dumb";
}

bool is_terminal(int fd) { return ::isatty(fd) == 1; }

unsigned terminal_width(int fd) {
  constexpr unsigned kDefault = 100;
  struct ::winsize size {};
  if (::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kDefault;
  return size.ws_col;
}

void write_out(std::string_view text) {
  const base::Status status =
      base::sys::write_all(STDOUT_FILENO, text, "standard output");
  if (status) return;
  // The terminal is gone, and nobody reads any more. SIGHUP comes with it and
  // ends what runs in order; who ignores it wants the run to go on.
  struct ::stat file {};
  if (status.error().err == EIO && ::fstat(STDOUT_FILENO, &file) == 0 &&
      S_ISCHR(file.st_mode)) {
    return;
  }
  if (status.error().err == EPIPE) {
    // SIGPIPE is caught (a cell that dies must not end the runner), but for the
    // caller's shell this is the ordinary end of a pipeline's member.
    std::signal(SIGPIPE, SIG_DFL);
    std::raise(SIGPIPE);
  }
  print_error(status.error());
  std::_Exit(model::kExitHost);
}

void write_err(std::string_view text) {
  static_cast<void>(
      base::sys::write_all(STDERR_FILENO, text, "standard error"));
}

int say_error(const base::Error& error, int code) {
  constexpr int kSignalled = 128;
  if (error.err == EINTR) {
    if (const int signal = base::signal_number(error.object); signal != 0)
      return kSignalled + signal;
  }
  print_error(error);
  return code;
}

void print_error(const base::Error& error) {
  std::string text = "driftcage: error: " + error.message() + "\n";
  // A hint that shows a place has lines of its own.
  if (error.hint.starts_with('\n')) {
    text += error.hint.substr(1) + "\n";
  } else if (!error.hint.empty()) {
    text += "  hint: " + error.hint + "\n";
  }
  write_err(text);
}

StatusLine::StatusLine() {
  const char* term = std::getenv("TERM");
  enabled_ = is_terminal(STDERR_FILENO) && term != nullptr &&
             std::string_view(term) != "dumb";
}

// Goes back to the block's first column and erases what follows (ECMA-48).
std::string StatusLine::erased() const {
  if (lines_ == 0) return {};
  std::string text = "\r";
  if (lines_ > 1) text += "\x1b[" + std::to_string(lines_ - 1) + "A";
  return text + "\x1b[J";
}

void StatusLine::show(std::string_view text) {
  if (!enabled_) return;
  std::string out = erased();
  lines_ = 0;
  // Cut to the width: a line that wraps could not be written over.
  const std::size_t width = terminal_width(STDERR_FILENO) - 1;
  while (true) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (lines_++ > 0) out += "\n";
    out += text.substr(0, std::min(end, width));
    if (end == text.size()) break;
    text.remove_prefix(end + 1);
  }
  write_err(out);
}

void StatusLine::clear() {
  if (lines_ == 0) return;
  write_err(erased());
  lines_ = 0;
}

KeyReader::~KeyReader() {
  if (fd_) ::tcsetattr(fd_.get(), TCSANOW, &before_);
}

void KeyReader::open() {
  base::UniqueFd fd(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
  if (!fd || ::tcgetpgrp(fd.get()) != ::getpgrp()) return;
  if (::tcgetattr(fd.get(), &before_) != 0) return;
  struct ::termios keys = before_;
  keys.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  // In the background later on: reading fails instead of stopping us.
  std::signal(SIGTTIN, SIG_IGN);
  if (::tcsetattr(fd.get(), TCSANOW, &keys) == 0) fd_ = std::move(fd);
}

}  // namespace driftcage::runner
