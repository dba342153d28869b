// SPDX-License-Identifier: Apache-2.0
#include "harness/image/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
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
constexpr int kNoExec = 127;

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

// All that the child needs, made before fork(2): the caller may have threads,
// and afterwards only async-signal-safe functions may be called.
struct Start {
  char* const* arguments;
  char* const* variables;
  const char* directory;  // null: the caller's
  int output;
  int failed;  // close-on-exec; gets errno when nothing could be executed
  ::pid_t parent;
};

// Handlers of the caller's are not for the program, and the caller ignores
// SIGPIPE, perhaps.
bool reset_signals() {
  struct ::sigaction action {};
  action.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) {
    struct ::sigaction now {};
    if (::sigaction(signal, nullptr, &now) != 0) continue;
    if (signal == SIGPIPE || now.sa_handler != SIG_IGN)
      ::sigaction(signal, &action, nullptr);
  }
  ::sigset_t none;
  ::sigemptyset(&none);
  return ::sigprocmask(SIG_SETMASK, &none, nullptr) == 0;
}

bool set_up(const Start& start) {
  // A group of its own: Ctrl-C reaches the caller alone, who ends it with all
  // of its helpers.
  if (::setpgid(0, 0) != 0) return false;
  // Where the caller has closed its streams, the pipe has one of their numbers.
  const int output = ::fcntl(start.output, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  if (output < 0) return false;
  ::close(STDIN_FILENO);
  return ::open("/dev/null", O_RDONLY) == STDIN_FILENO &&
         ::dup2(output, STDOUT_FILENO) >= 0 &&
         ::dup2(output, STDERR_FILENO) >= 0 &&
         (start.directory == nullptr || ::chdir(start.directory) == 0) &&
         reset_signals();
}

// The rest of the child.
[[noreturn]] void become(const Start& start) {
  // A caller that is killed cannot end its helpers.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != start.parent) ::_exit(kNoExec);
  const int failed = ::fcntl(start.failed, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  if (failed >= 0 && set_up(start))
    ::execvpe(start.arguments[0], start.arguments, start.variables);
  const int err = errno;
  static_cast<void>(
      ::write(failed < 0 ? start.failed : failed, &err, sizeof err));
  ::_exit(kNoExec);
}

// The program's process, or why it cannot be started.
base::Result<::pid_t> start_program(const std::vector<std::string>& argv,
                                    const RunOptions& options, int output) {
  std::vector<std::string> arguments = argv;
  std::vector<std::string> variables = merged_environment(options.environment);
  const std::vector<char*> argument_list = pointers(arguments);
  const std::vector<char*> variable_list = pointers(variables);
  auto failed = DRIFTCAGE_TRY(base::sys::pipe());
  const Start start{
      argument_list.data(),
      variable_list.data(),
      options.directory.empty() ? nullptr : options.directory.c_str(),
      output,
      failed.second.get(),
      ::getpid()};
  // No handler of the caller's may run in the child.
  ::sigset_t all;
  ::sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const ::pid_t pid = ::fork();
  if (pid == 0) become(start);
  const int not_forked = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) return base::fail("run", argv[0], not_forked);
  failed.second.reset();
  int err = 0;
  ssize_t size = 0;
  do {
    size = ::read(failed.first.get(), &err, sizeof err);
  } while (size < 0 && errno == EINTR);
  if (size == 0) return pid;
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  return base::fail("run", argv[0], err);
}

}  // namespace

base::Result<ProgramRun> run_program(const std::vector<std::string>& argv,
                                     const RunOptions& options) {
  auto ends = DRIFTCAGE_TRY(base::sys::pipe());
  const ::pid_t pid =
      DRIFTCAGE_TRY(start_program(argv, options, ends.second.get()));
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
