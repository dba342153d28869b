// SPDX-License-Identifier: Apache-2.0
#include "runner/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "harness/base/sys.h"
#include "harness/model/verdict.h"

namespace driftcage::runner {
namespace {

bool variable_set(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

}  // namespace

const std::map<std::string, ColorMode>& color_modes() {
  static const std::map<std::string, ColorMode> modes{
      {"auto", ColorMode::Auto},
      {"always", ColorMode::Always},
      {"never", ColorMode::Never}};
  return modes;
}

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

void print_error(const base::Error& error) {
  std::string text = "driftcage: error: " + error.message() + "\n";
  if (!error.hint.empty()) text += "  hint: " + error.hint + "\n";
  write_err(text);
}

StatusLine::StatusLine() {
  const char* term = std::getenv("TERM");
  enabled_ = is_terminal(STDERR_FILENO) && term != nullptr &&
             std::string_view(term) != "dumb";
}

void StatusLine::show(std::string_view text) {
  if (!enabled_) return;
  // Cut to the width: a line that wraps could not be written over.
  text = text.substr(0, terminal_width(STDERR_FILENO) - 1);
  write_err("\r\x1b[K" + std::string(text));
  shown_ = true;
}

void StatusLine::clear() {
  if (!shown_) return;
  write_err("\r\x1b[K");
  shown_ = false;
}

}  // namespace driftcage::runner
