// SPDX-License-Identifier: Apache-2.0
#include "harness/run/interact.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <optional>
#include <utility>

#include "harness/base/sys.h"
#include "harness/base/unique_fd.h"
#include "harness/run/launcher.h"

namespace driftcage::run {
namespace {

struct Pty {
  base::UniqueFd ours;
  base::UniqueFd theirs;
};

base::Result<Pty> open_pty() {
  Pty pty;
  pty.ours.reset(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!pty.ours) return base::fail("posix_openpt", {}, errno);
  if (::grantpt(pty.ours.get()) != 0 || ::unlockpt(pty.ours.get()) != 0) {
    return base::fail("unlockpt", {}, errno);
  }
  // Not by its name: /dev/pts may be another one, or hidden (ioctl_tty(2)).
  const int theirs =
      ::ioctl(pty.ours.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (theirs < 0) return base::fail("open pty", {}, errno);
  pty.theirs.reset(theirs);
  return pty;
}

// The caller's terminal, raw for as long as this exists. A description of its
// own, so that making it non-blocking does not touch what the shell reads from.
class RawTerminal {
 public:
  static base::Result<RawTerminal> open() {
    RawTerminal terminal;
    terminal.fd_ = DRIFTCAGE_TRY(
        base::sys::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
    if (::tcgetattr(terminal.fd_.get(), &terminal.before_) != 0) {
      return base::fail("tcgetattr", "/dev/tty", errno);
    }
    struct ::termios raw = terminal.before_;
    ::cfmakeraw(&raw);
    if (::tcsetattr(terminal.fd_.get(), TCSADRAIN, &raw) != 0) {
      return base::fail("tcsetattr", "/dev/tty", errno);
    }
    return terminal;
  }
  RawTerminal(RawTerminal&&) noexcept = default;
  RawTerminal& operator=(RawTerminal&&) = delete;
  ~RawTerminal() {
    if (fd_) ::tcsetattr(fd_.get(), TCSADRAIN, &before_);
  }
  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] const struct ::termios& before() const { return before_; }

 private:
  RawTerminal() = default;
  base::UniqueFd fd_;
  struct ::termios before_ {};
};

}  // namespace

base::Result<wire::End> interact(model::CageSpec spec) {
  Launcher launcher(DRIFTCAGE_TRY(find_cell()));
  std::optional<base::Result<wire::End>> end;
  CellObserver observer;
  observer.done = [&](base::Result<wire::End> result) {
    end.emplace(std::move(result));
  };
  if (::isatty(STDIN_FILENO) == 0 || ::isatty(STDOUT_FILENO) == 0) {
    launcher.start(spec, Stdio::Inherit, std::move(observer));
    launcher.run();
    return *std::move(end);
  }
  const Pty pty = DRIFTCAGE_TRY(open_pty());
  const RawTerminal terminal = DRIFTCAGE_TRY(RawTerminal::open());
  ::tcsetattr(pty.theirs.get(), TCSANOW, &terminal.before());
  spec.terminal = true;
  LoopHooks hooks;
  hooks.terminal = terminal.fd();
  hooks.pty = pty.ours.get();
  launcher.start(spec, Stdio::Terminal, std::move(observer), pty.theirs.get());
  launcher.run(hooks);
  return *std::move(end);
}

}  // namespace driftcage::run
