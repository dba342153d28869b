// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <termios.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "harness/base/result.h"
#include "harness/base/unique_fd.h"

// The only place that writes to the runner's standard streams.
namespace driftcage::runner {

enum class ColorMode : std::uint8_t { Auto, Always, Never };

// Whether the stream `fd` gets colours. The option wins over NO_COLOR, that
// over FORCE_COLOR; otherwise a terminal that is not TERM=dumb does.
[[nodiscard]] bool use_color(ColorMode mode, int fd);
[[nodiscard]] bool is_terminal(int fd);
// Columns of the terminal at `fd`; 100 when it is none.
[[nodiscard]] unsigned terminal_width(int fd);

// Writes all of `text`. A reader that has gone (`driftcage list | head -1`)
// ends the program quietly, as SIGPIPE does; any other failure with a message
// and exit code 3: output that is lost must not look like success.
void write_out(std::string_view text);
// The same without an end: messages are best effort.
void write_err(std::string_view text);

// "driftcage: error: …" and, when there is one, the hint.
void print_error(const base::Error& error);
// The exit code after an error: of a signal that stopped the work (EINTR with
// its name), of which nothing is said, else `code`, and the error is printed.
[[nodiscard]] int say_error(const base::Error& error, int code);

// A block at the bottom of a terminal that is written over. Does nothing when
// standard error is no terminal.
class StatusLine {
 public:
  StatusLine();
  ~StatusLine() { clear(); }
  StatusLine(const StatusLine&) = delete;
  StatusLine& operator=(const StatusLine&) = delete;

  [[nodiscard]] bool enabled() const { return enabled_; }
  // One line or several; each is cut to the terminal's width.
  void show(std::string_view text);
  // Before anything else is printed.
  void clear();

 private:
  [[nodiscard]] std::string erased() const;

  bool enabled_ = false;
  unsigned lines_ = 0;  // on the screen now
};

// The terminal's keys without Enter and without echo (termios(3)); Ctrl-C and
// Ctrl-Z keep their meaning. Nothing when this process is not in the terminal's
// foreground. A description of its own: making it non-blocking does not touch
// what the shell reads from.
class KeyReader {
 public:
  KeyReader() = default;
  ~KeyReader();
  KeyReader(const KeyReader&) = delete;
  KeyReader& operator=(const KeyReader&) = delete;

  void open();
  [[nodiscard]] int fd() const { return fd_ ? fd_.get() : -1; }

 private:
  base::UniqueFd fd_;
  struct ::termios before_ {};
};

}  // namespace driftcage::runner
