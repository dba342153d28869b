// SPDX-License-Identifier: Apache-2.0
#include "harness/run/spawn.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "harness/base/sys.h"

namespace driftcage::run {
namespace {

constexpr int kSpecFd = 3;
constexpr int kEventFd = 4;
// Room for the event stream, so that a tracer seldom waits for the runner.
constexpr int kEventPipeSize = 1 << 18;

base::Result<Pipe> make_pipe() {
  auto [read, write] = DRIFTCAGE_TRY(base::sys::pipe());
  return Pipe{DRIFTCAGE_TRY(raised(std::move(read))),
              DRIFTCAGE_TRY(raised(std::move(write)))};
}

// Owns the attribute objects of posix_spawn(3).
class SpawnRecipe {
 public:
  SpawnRecipe(const std::vector<std::pair<int, int>>& moves, bool null_input) {
    posix_spawn_file_actions_init(&actions_);
    if (null_input) {
      posix_spawn_file_actions_addopen(&actions_, 0, "/dev/null", O_RDONLY, 0);
    }
    int last = STDERR_FILENO;
    for (const auto& [from, to] : moves) {
      posix_spawn_file_actions_adddup2(&actions_, from, to);
      last = to;
    }
    posix_spawn_file_actions_addclosefrom_np(&actions_, last + 1);

    posix_spawnattr_init(&attributes_);
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

  [[nodiscard]] base::Result<pid_t> spawn(
      std::vector<std::string> words) const {
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    pid_t pid = -1;
    const int err = ::posix_spawn(&pid, argv[0], &actions_, &attributes_,
                                  argv.data(), environ);
    if (err != 0) {
      return base::fail("start helper", words[0], err,
                        "DRIFTCAGE_CELL names another one");
    }
    return pid;
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

}  // namespace

void pin(pid_t pid, int cpu) {
  if (cpu < 0 || cpu >= CPU_SETSIZE) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<unsigned>(cpu), &set);
  ::sched_setaffinity(pid, sizeof set, &set);
}

base::Result<base::UniqueFd> raised(base::UniqueFd fd) {
  if (fd.get() > kEventFd) return fd;
  base::UniqueFd high(::fcntl(fd.get(), F_DUPFD_CLOEXEC, kEventFd + 1));
  if (!high) return base::fail("duplicate descriptor", {}, errno);
  return high;
}

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

Spawned keep_ours(Pipes pipes, pid_t pid) {
  Spawned spawned;
  spawned.pid = pid;
  spawned.spec = std::move(pipes.spec.write);
  spawned.events = std::move(pipes.events.read);
  spawned.out = std::move(pipes.out.read);
  spawned.err = std::move(pipes.err.read);
  return spawned;
}

base::Result<pid_t> spawn_program(const std::vector<std::string>& argv,
                                  const std::vector<std::pair<int, int>>& moves,
                                  bool null_input) {
  return SpawnRecipe(moves, null_input).spawn(argv);
}

base::Result<Spawned> spawn_cell(const std::string& program, Stdio stdio,
                                 int terminal) {
  Pipes pipes = DRIFTCAGE_TRY(make_pipes(stdio));
  std::vector<std::pair<int, int>> moves;
  if (stdio == Stdio::Terminal) {
    for (int fd = 0; fd < 3; ++fd) moves.emplace_back(terminal, fd);
  }
  if (stdio == Stdio::Capture) {
    moves.emplace_back(pipes.out.write.get(), STDOUT_FILENO);
    moves.emplace_back(pipes.err.write.get(), STDERR_FILENO);
  }
  moves.emplace_back(pipes.spec.read.get(), kSpecFd);
  moves.emplace_back(pipes.events.write.get(), kEventFd);
  const pid_t pid =
      DRIFTCAGE_TRY(spawn_program({program}, moves, stdio == Stdio::Capture));
  return keep_ours(std::move(pipes), pid);
}

}  // namespace driftcage::run
