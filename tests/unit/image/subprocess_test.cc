// SPDX-License-Identifier: Apache-2.0
#include "harness/image/subprocess.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>
#include <vector>

#include "harness/base/sys.h"
#include "harness/base/unique_fd.h"

namespace driftcage::image {
namespace {

TEST(RunProgram, TellsWhyNothingRan) {
  // A folder of PATH that may not be searched would be told first.
  setenv("PATH", "/usr/bin:/bin", 1);
  EXPECT_EQ(run_program({"no-such-program"}).error().err, ENOENT);
  EXPECT_EQ(run_program({"/etc/passwd"}).error().err, EACCES);
  RunOptions options;
  options.directory = "/no/such/folder";
  const auto nowhere = run_program({"true"}, options);
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().message(),
            "run: true: No such file or directory (ENOENT)");
}

TEST(RunProgram, GivesTheProgramItsSurroundings) {
  RunOptions options;
  options.directory = "/usr";
  options.environment = {"WORD=of ours"};
  std::vector<std::string> lines;
  options.on_line = [&lines](const std::string& line) {
    lines.push_back(line);
  };
  const auto run =
      run_program({"sh", "-c", "cat; pwd; echo $WORD >&2; exit 7"}, options);
  ASSERT_TRUE(run) << run.error().message();
  EXPECT_EQ(run->status.shell_code(), 7);
  EXPECT_EQ(run->output, "/usr\nof ours\n");
  EXPECT_EQ(lines.size(), 2u);
}

TEST(RunProgram, GivesTheProgramItsSignals) {
  ::signal(SIGPIPE, SIG_IGN);
  ::sigset_t some;
  ::sigset_t before;
  ::sigemptyset(&some);
  ::sigaddset(&some, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &some, &before);
  const auto run =
      run_program({"grep", "-E", "SigBlk|SigIgn", "/proc/self/status"});
  ::sigset_t after;
  ::sigprocmask(SIG_SETMASK, &before, &after);
  ::signal(SIGPIPE, SIG_DFL);
  ASSERT_TRUE(run) << run.error().message();
  EXPECT_EQ(run->output,
            "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
  EXPECT_EQ(::sigismember(&after, SIGTERM), 1);
  EXPECT_EQ(::sigismember(&after, SIGINT), 0);
}

TEST(RunProgram, WorksWhereStandardStreamsAreClosed) {
  const ::pid_t child = ::fork();
  if (child == 0) {
    for (const int fd : {0, 1, 2}) ::close(fd);
    const auto run =
        run_program({"sh", "-c", "cat && echo out && echo err >&2"});
    const auto none = run_program({"no-such-program"});
    ::_exit(run && run->output == "out\nerr\n" && !none ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST(RunProgram, EndsWithACallerThatIsKilled) {
  auto ends = base::sys::pipe().value();
  base::UniqueFd& writer = ends.second;
  const ::pid_t caller = ::fork();
  if (caller == 0) {
    RunOptions options;
    options.on_line = [&](const std::string& line) {
      static_cast<void>(base::sys::write_all(writer.get(), line, "pipe"));
      writer.reset();
    };
    static_cast<void>(
        run_program({"sh", "-c", "echo $$; exec sleep 1000"}, options));
    ::_exit(1);
  }
  writer.reset();
  const std::string told = base::sys::read_fd(ends.first.get(), "pipe").value();
  const ::pid_t program = std::stoi(told);
  const base::UniqueFd handle(
      static_cast<int>(::syscall(SYS_pidfd_open, program, 0)));
  ASSERT_TRUE(handle);
  ::kill(caller, SIGKILL);
  ::waitpid(caller, nullptr, 0);
  constexpr int kLongMs = 20000;
  struct ::pollfd ended {
    handle.get(), POLLIN, 0
  };
  EXPECT_EQ(::poll(&ended, 1, kLongMs), 1) << "the program runs on";
  ::syscall(SYS_pidfd_send_signal, handle.get(), SIGKILL, nullptr, 0);
}

}  // namespace
}  // namespace driftcage::image
