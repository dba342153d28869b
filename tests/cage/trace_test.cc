// SPDX-License-Identifier: Apache-2.0
//
// The tracer over paths, processes, threads and signals of every kind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <map>
#include <set>

#include "tests/cage/trace_fixture.h"
#include "tests/must_work.h"

namespace driftcage::trace::testing {
namespace {

using ::testing::IsEmpty;

INSTANTIATE_TEST_SUITE_P(Engines, TraceTest,
                         ::testing::Values(Engine::Seccomp, Engine::Ptrace),
                         [](const auto& engine) {
                           return engine.param == Engine::Seccomp ? "seccomp"
                                                                  : "ptrace";
                         });

TEST_P(TraceTest, DirectoryDescriptorsOf64Bits) {
  const Trace trace = run("trace_paths", "dirfd64");
  expect_agreement(trace);
  for (const auto& event : trace.at("dc-high")) {
    EXPECT_EQ(event.dirfd, -100);
    EXPECT_EQ(event.abs, directory_ + "/dc-high");
  }
}

TEST_P(TraceTest, RelativePaths) {
  const Trace trace = run("trace_paths", "relative");
  expect_agreement(trace);
  EXPECT_EQ(trace.at("dc-in").front().abs, directory_ + "/dc-dir/dc-in");
  const Event up = trace.at("../dc-dir/./dc-in").front();
  EXPECT_EQ(up.abs, directory_ + "/dc-dir/dc-in");
  EXPECT_EQ(up.real, directory_ + "/dc-dir/dc-in");
  EXPECT_EQ(trace.at("dc-none").front().err, EBADF);
  EXPECT_EQ(trace.at("dc-none").front().abs, "");
  const Event below = trace.at("dc-in/dc-x").front();
  EXPECT_EQ(below.cause, Cause::NotDirectory);
  EXPECT_EQ(below.cause_at, directory_ + "/dc-dir/dc-in");
}

TEST_P(TraceTest, AnyBytesInAPath) {
  expect_agreement(run("trace_paths", "bytes"));
}

TEST_P(TraceTest, PathsAsLongAsTheKernelTakes) {
  const Trace trace = run("trace_paths", "path_max");
  expect_agreement(trace);
  EXPECT_EQ(trace.end.integrity, model::kComplete);
}

TEST_P(TraceTest, StringsAgainstAnUnmappedPage) {
  const Trace trace = run("trace_paths", "wall");
  expect_agreement(trace);
  EXPECT_EQ(trace.at("dc-wall!").front().err, EFAULT);
  EXPECT_EQ(trace.end.integrity, model::kComplete);
}

TEST_P(TraceTest, StringsInMemoryThatTheProgramMayNotRead) {
  const Trace trace = run("trace_paths", "hard_to_read");
  expect_agreement(trace);
  EXPECT_EQ(trace.end.integrity, model::kComplete);
  for (const auto& event : trace.at("dc-none")) {
    EXPECT_EQ(event.cause, event.err == ENOENT ? Cause::Missing : Cause::None);
  }
}

TEST_P(TraceTest, ANullPath) {
  const Trace trace = run("trace_paths", "null_path");
  EXPECT_EQ(trace.end.integrity, model::kComplete);
  // Kernels before Linux 6.11 take it for a bad address.
  const bool taken = trace.output.starts_with("taken");
  const auto stats = trace.of(Verb::Stat);
  EXPECT_TRUE(std::any_of(stats.begin(), stats.end(), [&](const Event& one) {
    return one.path.empty() && one.abs == directory_ &&
           one.err == (taken ? 0 : EFAULT);
  })) << describe(stats);
}

TEST_P(TraceTest, OpenatTwo) {
  const Trace trace = run("trace_paths", "openat2");
  expect_agreement(trace);
  EXPECT_EQ(trace.at("/dc-inside").front().abs,
            directory_ + "/dc-box/dc-inside");
  EXPECT_EQ(trace.at("../dc-out").front().err, EXDEV);
}

TEST_P(TraceTest, EveryCallThatTakesAPath) {
  expect_agreement(run("trace_paths", "every_call"));
}

TEST_P(TraceTest, ProgramWithoutAName) {
  const Trace trace = run("trace_paths", "exec_memfd");
  const auto execs = trace.of(Verb::Exec);
  ASSERT_EQ(execs.size(), 2U);
  EXPECT_EQ(execs[1].syscall, model::Syscall::Execveat);
  EXPECT_EQ(execs[1].path, "");
  EXPECT_EQ(execs[1].flags, 0x1000U);
  EXPECT_EQ(execs[1].exec->argv,
            (std::vector<std::string>{"dc-argv0", "nothing"}));
  EXPECT_THAT(execs[1].exec->exe, ::testing::HasSubstr("memfd:dc-program"));
  EXPECT_EQ(trace.output, "done\n");
}

TEST_P(TraceTest, ProgramsByADescriptor) {
  const Trace trace = run("trace_paths", "exec_by_descriptor");
  EXPECT_THAT(trace.output, ::testing::HasSubstr("\n3\n0\ndone\n"));
  const auto execs = trace.of(Verb::Exec);
  ASSERT_EQ(execs.size(), 3U) << describe(execs);
  EXPECT_EQ(execs[1].abs, directory_ + "/dc-script");
  ASSERT_FALSE(execs[1].exec->interpreters.empty());
  EXPECT_EQ(execs[1].exec->interpreters.front(), "/bin/sh");
  EXPECT_EQ(execs[2].path, "true");
  EXPECT_EQ(execs[2].abs, "/usr/bin/true");
}

TEST_P(TraceTest, ADirectoryWhoseNameLooksAsIfItHadNone) {
  const Trace trace = run("trace_paths", "odd_directory");
  expect_agreement(trace);
  for (const char* name : {"dc-by-fd", "dc-by-cwd"}) {
    const Event event = trace.at(name).at(0);
    EXPECT_EQ(event.abs, directory_ + "/dc-odd (deleted)/" + name);
    EXPECT_EQ(event.cause, Cause::Missing) << name;
  }
}

TEST_P(TraceTest, DeletedWorkingDirectory) {
  const Trace trace = run("trace_paths", "lost_directory");
  expect_agreement(trace);
  const auto getcwd = trace.of(Verb::Getcwd);
  ASSERT_EQ(getcwd.size(), 1U);
  EXPECT_EQ(getcwd[0].err, ENOENT);
  EXPECT_EQ(getcwd[0].abs, directory_ + "/dc-lost");
  EXPECT_EQ(getcwd[0].cause, Cause::Missing);
  EXPECT_EQ(trace.at("dc-x").front().cause, Cause::MissingDirectory);
}

TEST_P(TraceTest, EntryAndExitArePairedPerThread) {
  const Trace trace = run("trace_processes", "threads");
  expect_agreement(trace);
  std::map<std::int32_t, std::set<char>> paths_of;
  for (const auto& event : trace.events) {
    if (event.path.starts_with("dc-t"))
      paths_of[event.tid].insert(event.path[4]);
  }
  EXPECT_EQ(paths_of.size(), 8U);
  for (const auto& [tid, numbers] : paths_of) EXPECT_EQ(numbers.size(), 1U);
  EXPECT_EQ(trace.starts.size(), 1U);
}

TEST_P(TraceTest, ExecFromAThreadThatIsNotTheLeader) {
  for (const char* act : {"exec_from_thread", "exec_past_busy_leader"}) {
    const Trace trace = run("trace_processes", act);
    const auto execs = trace.of(Verb::Exec);
    ASSERT_EQ(execs.size(), 3U) << act;
    EXPECT_EQ(execs[1].err, ENOENT);
    EXPECT_NE(execs[1].tid, trace.starts[0].pid);
    EXPECT_EQ(execs[2].exec->argv[1], "after_exec");
    EXPECT_EQ(execs[2].process, 1U);
    const auto after = trace.at("dc-after");
    ASSERT_EQ(after.size(), 1U);
    EXPECT_EQ(after[0].generation, 2U);
    EXPECT_EQ(after[0].tid, trace.starts[0].pid);
    EXPECT_EQ(trace.starts.size(), 1U);
    EXPECT_EQ(trace.end.integrity, model::kComplete);
  }
}

TEST_P(TraceTest, ForkVforkAndBothClones) {
  const Trace trace = run("trace_processes", "fork_vfork_clone");
  expect_agreement(trace);
  ASSERT_EQ(trace.starts.size(), 6U);
  std::vector<Event> spawns = trace.of(Verb::Spawn);
  ASSERT_EQ(spawns.size(), 5U);
  for (std::size_t i = 0; i < spawns.size(); ++i) {
    EXPECT_TRUE(spawns[i].ok());
    EXPECT_EQ(spawns[i].result, trace.starts[i + 1].pid);
    EXPECT_EQ(trace.starts[i + 1].parent, 1U);
  }
}

TEST_P(TraceTest, PathsAreReadInTheMemoryOfTheProgram) {
  const Trace trace = run("trace_processes", "exec_after_vfork");
  expect_agreement(trace);
  EXPECT_EQ(trace.at("dc-parents").size(), 1U);
  EXPECT_EQ(trace.at("dc-own").size(), 1U);
}

TEST_P(TraceTest, ChildrenThatDoNotWantToBeTraced) {
  const Trace trace = run("trace_processes", "clone_untraced");
  expect_agreement(trace);
  EXPECT_EQ(trace.starts.size(), 3U);
  EXPECT_EQ(trace.end.integrity, model::kComplete);
}

TEST_P(TraceTest, ChildrenThatDoNotWantToBeTracedBySomethingConstant) {
  const Trace trace = run("trace_processes", "clone_untraced_constant");
  expect_agreement(trace);
  EXPECT_EQ(trace.starts.size(), 2U);
  EXPECT_EQ(trace.end.integrity, model::kComplete);
}

TEST_P(TraceTest, ChildrenThatDoNotWantToBeTracedWithoutSpawnEvents) {
  options_.spec.verbs = verb_bit(Verb::Open);
  const Trace trace = run("trace_processes", "clone_untraced");
  expect_agreement(trace);
  EXPECT_THAT(trace.of(Verb::Spawn), IsEmpty());
}

TEST_P(TraceTest, AChildThatCannotBeTracedIsFlagged) {
  const Trace trace = run("trace_processes", "clone_untraced_locked");
  EXPECT_EQ(trace.end.integrity, model::kCloneUntraced);
  // With the filter its calls are answered by nobody; it is no process of the
  // trace.
  EXPECT_EQ(trace.output, GetParam() == Engine::Seccomp
                              ? "openat dc-locked = ENOSYS\ndone\n"
                              : "openat dc-locked = ENOENT\ndone\n");
  EXPECT_EQ(trace.starts.size(), 1U);
}

TEST_P(TraceTest, WhatOutlivesThePayloadIsCountedAndKilled) {
  const Trace trace = run("trace_processes", "orphan");
  EXPECT_EQ(trace.end.left_behind, 1U);
  ASSERT_EQ(trace.ends.size(), 3U);
  EXPECT_EQ(trace.ends.back().status.signal(), SIGKILL);
  EXPECT_TRUE(trace.end.status.success());
}

TEST_P(TraceTest, GroupStops) {
  expect_agreement(run("trace_processes", "stop_and_continue"));
}

TEST_P(TraceTest, SignalsInTheMiddle) {
  expect_agreement(run("trace_processes", "signals"));
}

TEST_P(TraceTest, InterruptedAndRestartedCalls) {
  const Trace trace = run("trace_processes", "interrupted");
  EXPECT_EQ(trace.output, "done\n");
  std::vector<Event> writers;
  for (const auto& event : trace.at("dc-fifo")) {
    if (event.process == 1) writers.push_back(event);
  }
  // The kernel's own restart code, then what the caller got to see.
  ASSERT_EQ(writers.size(), 3U) << describe(writers);
  EXPECT_EQ(writers[0].err, 512);
  EXPECT_EQ(writers[1].err, 512);
  EXPECT_TRUE(writers[2].ok());
}

TEST_P(TraceTest, KilledInTheMiddle) {
  const Trace trace = run("trace_processes", "killed");
  EXPECT_EQ(trace.output, "done\n");
  EXPECT_TRUE(std::any_of(
      trace.ends.begin(), trace.ends.end(),
      [](const auto& end) { return end.status.signal() == SIGKILL; }));
}

TEST_P(TraceTest, ManyShortProcesses) {
  const Trace trace = run("trace_processes", "many");
  expect_agreement(trace);
  EXPECT_EQ(trace.starts.size(), 341U);
}

TEST_P(TraceTest, MoreProcessesThanDescriptors) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  DRIFTCAGE_SKIP_UNLESS_EMPTY(before.rlim_max >= 2048 ? "" : "a low limit");
  const rlimit low{256, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  const Trace trace = run("trace_processes", "crowd");
  setrlimit(RLIMIT_NOFILE, &before);
  expect_agreement(trace);
  EXPECT_EQ(trace.end.integrity, model::kComplete);
  for (const Event& event : trace.events) {
    if (!event.path.starts_with("dc-crowd-")) continue;
    EXPECT_EQ(event.abs, directory_ + "/" + event.path);
  }
}

TEST_P(TraceTest, WithoutDescriptorsATraceIsNotComplete) {
#ifdef __SANITIZE_ADDRESS__
  // It looks at memory through pipes, and takes what it cannot see for broken.
  GTEST_SKIP() << "a sanitizer needs descriptors of its own";
#endif
  // In a process of its own: a hard limit stays.
  const pid_t pid = fork();
  if (pid == 0) {
    const rlimit low{64, 64};
    if (setrlimit(RLIMIT_NOFILE, &low) != 0) _exit(2);
    const Trace trace =
        run_traced({DRIFTCAGE_FIXTURES "/trace_processes", "crowd"}, options_);
    _exit(trace.end.integrity == model::kUnreadable ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
}

TEST_P(TraceTest, StatusOfThePayload) {
  EXPECT_EQ(run("trace_processes", "exit_by_signal").end.status.signal(),
            SIGTERM);
}

TEST_P(TraceTest, TimeoutEndsEverything) {
  options_.limits.timeout_ns = 50'000'000;
  const Trace trace = run("trace_processes", "spin");
  EXPECT_TRUE(trace.end.timeout);
  EXPECT_FALSE(trace.end.cancelled);
  EXPECT_EQ(trace.end.status.signal(), SIGKILL);
}

TEST_P(TraceTest, CancelByEndOfFile) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  options_.limits.cancel_fd = ends[0];
  // The child has the last writing end, and closes it by its exec.
  options_.before = [this, ends] {
    if (chdir(directory_.c_str()) != 0) _exit(98);
    close(ends[1]);
  };
  close(ends[1]);
  const Trace trace = run("trace_processes", "spin");
  EXPECT_TRUE(trace.end.cancelled);
  EXPECT_FALSE(trace.end.timeout);
  close(ends[0]);
}

// Ids come again within one trace, also to threads that end without a word.
TEST_P(TraceTest, ProcessIdsComeAgain) {
  DRIFTCAGE_ROOT_ONLY("choosing pids takes a privilege");
  const Trace trace = run("trace_processes", "same_pid");
  DRIFTCAGE_SKIP_UNLESS_EMPTY(trace.output == "no namespace\ndone\n"
                                  ? "no pid can be chosen here"
                                  : "");
  expect_agreement(trace);
  ASSERT_EQ(trace.starts.size(), 22U);
  const std::int32_t same = trace.starts[1].pid;
  std::set<std::uint32_t> processes;
  for (const auto& event : trace.events) {
    if (!event.path.starts_with("dc-same-")) continue;
    EXPECT_EQ(trace.starts.at(event.process - 1).pid, same);
    processes.insert(event.process);
  }
  // Each of them is another process than the one before.
  EXPECT_EQ(processes.size(), 20U);
}

}  // namespace
}  // namespace driftcage::trace::testing
