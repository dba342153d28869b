// SPDX-License-Identifier: Apache-2.0
#include "harness/cage/init.h"

#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "harness/cage/directory.h"
#include "harness/cage/identity.h"
#include "harness/cage/operations.h"
#include "harness/cage/program.h"
#include "harness/cage/sources.h"
#include "harness/cage/steps.h"
#include "harness/cage/sync.h"
#include "harness/cage/tree.h"

namespace driftcage::cage {
namespace {

[[noreturn]] void give_up(int sync, const base::Error& error) {
  sync::send_error(sync, error);
  ::_exit(1);
}

// Becomes user 0 of the new user namespace. What the caller opened as its old
// self stays open.
base::Status become_mapped() {
  // Denied where the group map has one line only: the groups stay then, as the
  // kernel wants it, because they may be there to take permissions away.
  ::setgroups(0, nullptr);
  if (::setresgid(0, 0, 0) != 0) return base::fail("setresgid", "0", errno);
  if (::setresuid(0, 0, 0) != 0) return base::fail("setresuid", "0", errno);
  // A change of credentials clears both (prctl(2)), hence not earlier.
  ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  return {};
}

base::Status bring_up_loopback() {
  const base::UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return base::fail("socket", "lo", errno);
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP;
  if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) {
    const int err = errno;
    return base::fail("bring up", "lo", err,
                      err == EPERM ? "a security module took the capabilities "
                                     "of the new user namespace away"
                                   : "");
  }
  return {};
}

base::Status set_names(const model::CageSpec& spec) {
  if (::sethostname(spec.hostname.data(), spec.hostname.size()) != 0) {
    return base::fail("sethostname", spec.hostname, errno);
  }
  if (spec.network == model::Network::Loopback) return bring_up_loopback();
  return {};
}

base::Status check(const model::CageSpec& spec) {
  if (spec.clock_offset_s != 0) {
    return base::fail("shift clock", std::to_string(spec.clock_offset_s) + " s",
                      ENOTSUP,
                      "a time namespace shifts only the monotonic clock, not "
                      "the date that programs see");
  }
  return {};
}

// The payload's process: everything up to execve.
[[noreturn]] void run_payload(const model::CageSpec& spec,
                              const std::map<std::string, std::string>& env,
                              const Cage::Hooks& hooks, const Tree& tree,
                              Steps& steps, int sync, int spawn) {
  std::vector<std::string> own_notes;
  if (auto status = become_user(spec, {tree.proc.get(), tree.ids}, own_notes);
      !status) {
    give_up(sync, status.error());
  }
  Program program(spec.argv, env);
  // Searched here so that no trace filter sees it.
  const int missing = program.find();
  if (auto status = set_limits(spec.limits, own_notes); !status) {
    give_up(sync, status.error());
  }
  for (std::string& note : own_notes) steps.note(std::move(note));
  steps.done("payload");
  sync::send_report(sync, {tree.rung, steps.times(), steps.notes()});
  if (sync::receive(sync).tag != sync::Tag::Go) ::_exit(1);

  if (spec.terminal) {
    // Jobs and Ctrl-Z need a session of its own (setsid(2), ioctl_tty(2)).
    ::setsid();
    ::ioctl(STDIN_FILENO, TIOCSCTTY, 0);
  }
  close_all_but(spawn);
  SpawnFailure failure;
  failure.err = missing;
  if (missing == 0) {
    if (hooks.before_exec != nullptr) {
      failure.err = hooks.before_exec(hooks.context);
      failure.hook = failure.err != 0;
    }
    if (!failure.hook) failure.err = program.exec();
  }
  [[maybe_unused]] const ssize_t written =
      ::write(spawn, &failure, sizeof failure);
  // As shells have it: not found, or found and not to be started.
  constexpr int kNotFound = 127;
  constexpr int kNotExecutable = 126;
  ::_exit(failure.err == ENOENT ? kNotFound : kNotExecutable);
}

// Processes of the cage besides pid 1, as its procfs lists them.
std::uint64_t count_left(int proc) {
  // The usual case needs no look into /proc: there is nobody to signal.
  if (::kill(-1, 0) != 0) return 0;
  const auto names = list_directory(proc);
  if (!names) return 1;
  const auto count = std::count_if(
      names->begin(), names->end(),
      [](const std::string& name) { return name[0] >= '1' && name[0] <= '9'; });
  return count > 0 ? static_cast<std::uint64_t>(count) - 1 : 0;
}

// Reaps until `payload` has ended. Returns when the cell is gone, too.
void reap(pid_t payload, int sync, int proc, int signals) {
  while (true) {
    int status = 0;
    pid_t pid = 0;
    while ((pid = ::waitpid(-1, &status, WNOHANG | __WALL)) > 0) {
      if (pid != payload) continue;
      const int last = status;
      while (::waitpid(-1, &status, WNOHANG | __WALL) > 0) {
      }
      sync::send_ended(sync, {last, count_left(proc)});
      return;
    }
    std::array<pollfd, 2> polled = {{{sync, 0, 0}, {signals, POLLIN, 0}}};
    if (::poll(polled.data(), polled.size(), -1) < 0) continue;
    if (polled[0].revents != 0) return;
    signalfd_siginfo info{};
    [[maybe_unused]] const ssize_t size = ::read(signals, &info, sizeof info);
  }
}

}  // namespace

void run_init(const model::CageSpec& spec, const Cage::Hooks& hooks,
              base::UniqueFd sync, base::UniqueFd spawn, Sources sources) {
  Steps steps;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  // Signals arrive through a descriptor.
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);

  if (auto checked = check(spec); !checked)
    give_up(sync.get(), checked.error());
  // While the cell writes the id maps.
  if (auto opened = open_sources(spec, sources); !opened) {
    give_up(sync.get(), opened.error());
  }
  steps.done("sources");
  const sync::Message message = sync::receive(sync.get());
  if (message.tag != sync::Tag::Mapped) ::_exit(1);
  steps.done("id maps");
  if (auto mapped = become_mapped(); !mapped) {
    give_up(sync.get(), mapped.error());
  }
  // The cell may have died while the change of credentials had the signal off.
  if (sync::is_hung_up(sync.get())) ::_exit(1);
  if (auto named = set_names(spec); !named) give_up(sync.get(), named.error());
  steps.done("names");
  auto tree = build_tree(spec, std::move(sources), steps);
  if (!tree) give_up(sync.get(), tree.error());
  tree->ids = sync::mapped_of(message).ids;
  auto environment = apply_operations(spec, *tree, steps);
  if (!environment) give_up(sync.get(), environment.error());

  // Pid 1 has nothing to do before the payload's execve, and the payload's
  // process allocates and writes like any function called from here: sharing
  // the memory saves copying it. Whoever kills pid 1 meanwhile ends both.
  const pid_t payload = ::vfork();
  if (payload < 0) {
    give_up(sync.get(), {"vfork", "payload", errno, ""});
  }
  if (payload == 0) {
    run_payload(spec, *environment, hooks, *tree, steps, sync.get(),
                spawn.get());
  }
  // Whoever holds the payload's streams open delays their end for the reader.
  const base::UniqueFd signals(::signalfd(-1, &all, SFD_CLOEXEC));
  const int proc = tree->proc.get();
  const int highest = std::max({sync.get(), proc, signals.get()});
  for (int fd = 0; fd < highest; ++fd) {
    if (fd != sync.get() && fd != proc && fd != signals.get()) ::close(fd);
  }
  ::close_range(static_cast<unsigned>(highest) + 1, ~0u, 0);
  reap(payload, sync.get(), proc, signals.get());
  ::_exit(0);
}

}  // namespace driftcage::cage
