// SPDX-License-Identifier: Apache-2.0
#include "harness/run/interact.h"

#include <termios.h>
#include <unistd.h>

#include <optional>
#include <utility>

#include "harness/run/launcher.h"
#include "harness/run/pty.h"

namespace driftcage::run {

base::Result<Interaction> interact(model::CageSpec spec) {
  Launcher launcher(DRIFTCAGE_TRY(find_cell()));
  std::optional<base::Result<wire::End>> end;
  const auto done = [&end](int signal) -> base::Result<Interaction> {
    return Interaction{DRIFTCAGE_TRY(*std::move(end)), signal};
  };
  CellObserver observer;
  observer.done = [&](base::Result<wire::End> result) {
    end.emplace(std::move(result));
  };
  if (::isatty(STDIN_FILENO) == 0 || ::isatty(STDOUT_FILENO) == 0) {
    launcher.start(spec, Stdio::Inherit, std::move(observer));
    return done(launcher.run());
  }
  const Pty pty = DRIFTCAGE_TRY(open_pty());
  const RawTerminal terminal = DRIFTCAGE_TRY(RawTerminal::open());
  ::tcsetattr(pty.theirs.get(), TCSANOW, &terminal.before());
  spec.terminal = true;
  LoopHooks hooks;
  hooks.terminal = terminal.fd();
  hooks.pty = pty.ours.get();
  launcher.start(spec, Stdio::Terminal, std::move(observer), pty.theirs.get());
  return done(launcher.run(hooks));
}

}  // namespace driftcage::run
