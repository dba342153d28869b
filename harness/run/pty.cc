// SPDX-License-Identifier: Apache-2.0
#include "harness/run/pty.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "harness/base/sys.h"

namespace driftcage::run {

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

base::Result<RawTerminal> RawTerminal::open() {
  RawTerminal terminal;
  terminal.fd_ =
      DRIFTCAGE_TRY(base::sys::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
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

RawTerminal::~RawTerminal() {
  if (fd_) ::tcsetattr(fd_.get(), TCSADRAIN, &before_);
}

}  // namespace driftcage::run
