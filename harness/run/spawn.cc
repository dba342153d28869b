// SPDX-License-Identifier: Apache-2.0
#include "harness/run/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "harness/base/sys.h"

namespace driftcage::run {
namespace {

constexpr int kSpecFd = 3;
constexpr int kEventFd = 4;
// Room for the event stream, so that a tracer seldom waits for the runner.
constexpr int kEventPipeSize = 1 << 18;

// Moves a descriptor out of the range that the child's own numbers take, so
// that no dup2 of the child overwrites the source of the next one.
base::Result<base::UniqueFd> raised(base::UniqueFd fd) {
  if (fd.get() > kEventFd) return fd;
  base::UniqueFd high(::fcntl(fd.get(), F_DUPFD_CLOEXEC, kEventFd + 1));
  if (!high) return base::fail("duplicate descriptor", {}, errno);
  return high;
}

base::Result<Pipe> make_pipe() {
  auto [read, write] = DRIFTCAGE_TRY(base::sys::pipe());
  return Pipe{DRIFTCAGE_TRY(raised(std::move(read))),
              DRIFTCAGE_TRY(raised(std::move(write)))};
}

// The pipes of one cell, both ends.
struct Pipes {
  Pipe spec;
  Pipe events;
  Pipe out;
  Pipe err;
};

base::Result<Pipes> make_pipes(Stdio stdio) {
  Pipes pipes;
  pipes.spec = DRIFTCAGE_TRY(make_pipe());
  pipes.events = DRIFTCAGE_TRY(make_pipe());
  // Refused past the user's pipe quota (pipe(7)); then it stays small.
  ::fcntl(pipes.events.read.get(), F_SETPIPE_SZ, kEventPipeSize);
  if (stdio == Stdio::Capture) {
    pipes.out = DRIFTCAGE_TRY(make_pipe());
    pipes.err = DRIFTCAGE_TRY(make_pipe());
  }
  return pipes;
}

// Owns the attribute objects of posix_spawn(3).
class SpawnRecipe {
 public:
  SpawnRecipe(const Pipes& pipes, Stdio stdio, int terminal) {
    posix_spawn_file_actions_init(&actions_);
    if (stdio == Stdio::Terminal) {
      for (int fd = 0; fd < 3; ++fd) {
        posix_spawn_file_actions_adddup2(&actions_, terminal, fd);
      }
    }
    if (stdio == Stdio::Capture) {
      posix_spawn_file_actions_addopen(&actions_, 0, "/dev/null", O_RDONLY, 0);
      posix_spawn_file_actions_adddup2(&actions_, pipes.out.write.get(), 1);
      posix_spawn_file_actions_adddup2(&actions_, pipes.err.write.get(), 2);
    }
    posix_spawn_file_actions_adddup2(&actions_, pipes.spec.read.get(), kSpecFd);
    posix_spawn_file_actions_adddup2(&actions_, pipes.events.write.get(),
                                     kEventFd);
    posix_spawn_file_actions_addclosefrom_np(&actions_, kEventFd + 1);

    posix_spawnattr_init(&attributes_);
    // A group of its own: Ctrl-C is for the runner, which tells its cells.
    posix_spawnattr_setpgroup(&attributes_, 0);
    sigset_t set;
    sigemptyset(&set);
    posix_spawnattr_setsigmask(&attributes_, &set);
    sigfillset(&set);
    posix_spawnattr_setsigdefault(&attributes_, &set);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP |
                                               POSIX_SPAWN_SETSIGMASK |
                                               POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnRecipe() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnRecipe(const SpawnRecipe&) = delete;
  SpawnRecipe& operator=(const SpawnRecipe&) = delete;

  [[nodiscard]] base::Result<pid_t> spawn(const std::string& program) const {
    std::string name = program;
    std::array<char*, 2> argv{name.data(), nullptr};
    pid_t pid = -1;
    const int err = ::posix_spawn(&pid, program.c_str(), &actions_,
                                  &attributes_, argv.data(), environ);
    if (err != 0) {
      return base::fail("start helper", program, err,
                        "DRIFTCAGE_CELL names another one");
    }
    return pid;
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

}  // namespace

base::Result<Spawned> spawn_cell(const std::string& program, Stdio stdio,
                                 int terminal) {
  Pipes pipes = DRIFTCAGE_TRY(make_pipes(stdio));
  Spawned spawned;
  spawned.pid =
      DRIFTCAGE_TRY(SpawnRecipe(pipes, stdio, terminal).spawn(program));
  spawned.spec = std::move(pipes.spec.write);
  spawned.events = std::move(pipes.events.read);
  spawned.out = std::move(pipes.out.read);
  spawned.err = std::move(pipes.err.read);
  // The child's ends close here, or no end of file ever comes.
  return spawned;
}

}  // namespace driftcage::run
