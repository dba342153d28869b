// SPDX-License-Identifier: Apache-2.0
#include "harness/image/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>
#include <utility>

#include "harness/base/sys.h"
#include "harness/image/interrupt.h"

namespace driftcage::image {
namespace {

constexpr std::size_t kKept = 64u << 10;
constexpr int kLookMs = 250;

class Actions {
 public:
  Actions() { ::posix_spawn_file_actions_init(&actions_); }
  ~Actions() { ::posix_spawn_file_actions_destroy(&actions_); }
  Actions(const Actions&) = delete;
  Actions& operator=(const Actions&) = delete;
  ::posix_spawn_file_actions_t* get() { return &actions_; }

 private:
  ::posix_spawn_file_actions_t actions_{};
};

// The caller ignores SIGPIPE, perhaps; the program must not inherit that.
class Attributes {
 public:
  Attributes() {
    ::posix_spawnattr_init(&attributes_);
    ::sigset_t signals;
    ::sigemptyset(&signals);
    ::posix_spawnattr_setsigmask(&attributes_, &signals);
    ::sigaddset(&signals, SIGPIPE);
    ::posix_spawnattr_setsigdefault(&attributes_, &signals);
    // A group of its own: Ctrl-C reaches the caller alone, who ends it with all
    // of its helpers.
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGDEF |
                                                 POSIX_SPAWN_SETSIGMASK |
                                                 POSIX_SPAWN_SETPGROUP);
  }
  ~Attributes() { ::posix_spawnattr_destroy(&attributes_); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  ::posix_spawnattr_t* get() { return &attributes_; }

 private:
  ::posix_spawnattr_t attributes_{};
};

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> list;
  for (std::string& text : texts) list.push_back(text.data());
  list.push_back(nullptr);
  return list;
}

// The caller's environment; a name in `extra` replaces it there.
std::vector<std::string> merged_environment(
    const std::vector<std::string>& extra) {
  std::vector<std::string> all = extra;
  for (char** entry = ::environ; *entry != nullptr; ++entry) {
    const std::string_view pair(*entry);
    const std::string_view name = pair.substr(0, pair.find('=') + 1);
    bool replaced = false;
    for (const std::string& other : extra)
      replaced = replaced || (!name.empty() && other.starts_with(name));
    if (!replaced) all.emplace_back(pair);
  }
  return all;
}

}  // namespace

base::Result<ProgramRun> run_program(const std::vector<std::string>& argv,
                                     const RunOptions& options) {
  auto ends = DRIFTCAGE_TRY(base::sys::pipe());
  Actions actions;
  Attributes attributes;
  ::posix_spawn_file_actions_addopen(actions.get(), 0, "/dev/null", O_RDONLY,
                                     0);
  ::posix_spawn_file_actions_adddup2(actions.get(), ends.second.get(), 1);
  ::posix_spawn_file_actions_adddup2(actions.get(), ends.second.get(), 2);
  if (!options.directory.empty()) {
    ::posix_spawn_file_actions_addchdir_np(actions.get(),
                                           options.directory.c_str());
  }
  std::vector<std::string> arguments = argv;
  std::vector<std::string> variables = merged_environment(options.environment);
  ::pid_t pid = -1;
  const int err =
      ::posix_spawnp(&pid, argv[0].c_str(), actions.get(), attributes.get(),
                     pointers(arguments).data(), pointers(variables).data());
  if (err != 0) return base::fail("run", argv[0], err);
  ends.second.reset();

  ProgramRun run;
  std::string line;
  std::array<char, 4096> buffer{};
  bool stopped = false;
  while (true) {
    // A signal that comes just before a wait must not be slept over.
    struct ::pollfd wait {
      ends.first.get(), POLLIN, 0
    };
    const int ready = ::poll(&wait, 1, kLookMs);
    if (noted_signal() != 0 && !std::exchange(stopped, true))
      ::kill(-pid, SIGTERM);
    if (ready == 0 || (ready < 0 && errno == EINTR)) continue;
    const ssize_t size = ::read(ends.first.get(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) break;
    const std::string_view piece(buffer.data(), static_cast<std::size_t>(size));
    run.output += piece;
    if (run.output.size() > 2 * kKept)
      run.output.erase(0, run.output.size() - kKept);
    for (const char c : piece) {
      if (c != '\n' && c != '\r') {
        line += c;
        continue;
      }
      if (options.on_line && !line.empty()) options.on_line(line);
      line.clear();
    }
  }
  if (options.on_line && !line.empty()) options.on_line(line);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return base::fail("wait for", argv[0], errno);
  }
  run.status = base::WaitStatus(status);
  DRIFTCAGE_CHECK_OK(check_interrupt());
  return run;
}

}  // namespace driftcage::image
