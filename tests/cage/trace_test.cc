// SPDX-License-Identifier: Apache-2.0
//
// The tracer over programs that say themselves what it must have recorded, with
// both engines, without a cage.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <sstream>

#include "harness/base/result.h"
#include "tests/cage/trace_harness.h"
#include "tests/fixtures/trace_expect.h"
#include "tests/must_work.h"

namespace driftcage::trace::testing {
namespace {

using model::Cause;
using model::Engine;
using model::Event;
using model::Verb;
using ::testing::Contains;
using ::testing::IsEmpty;

std::string line_of(const Event& event) {
  return std::string(model::syscall_name(event.syscall)) + " " +
         fixture::escaped(event.path) + " = " +
         (event.ok() ? std::to_string(event.result)
                     : base::errno_name(event.err));
}

bool is_marked(const std::string& path) {
  return path.find("dc-") != std::string::npos;
}

// What holds for each trace whatever was traced (entry and exit paired, known
// processes, dense numbers).
void check_invariants(const Trace& trace) {
  std::uint64_t seq = 0;
  std::set<std::uint32_t> known;
  for (const auto& start : trace.starts) {
    EXPECT_EQ(start.process, known.size() + 1);
    EXPECT_TRUE(start.parent == 0 || known.contains(start.parent));
    EXPECT_GT(start.pid, 0);
    known.insert(start.process);
  }
  std::map<std::uint32_t, std::uint32_t> generations;
  for (const auto& event : trace.events) {
    EXPECT_EQ(event.seq, ++seq);
    EXPECT_TRUE(known.contains(event.process)) << describe(event);
    EXPECT_LE(event.enter_ns, event.exit_ns);
    EXPECT_GT(event.tid, 0);
    EXPECT_NE(event.err, ENOSYS) << describe(event);
    EXPECT_EQ(event.generation, generations[event.process]) << describe(event);
    if (event.verb == Verb::Exec && event.ok()) {
      ++generations[event.process];
      ASSERT_TRUE(event.exec.has_value());
      EXPECT_FALSE(event.exec->exe.empty());
    }
  }
  EXPECT_EQ(trace.end.events, seq);
  std::set<std::uint32_t> ended;
  for (const auto& end : trace.ends)
    EXPECT_TRUE(ended.insert(end.process).second) << "ended twice";
  EXPECT_EQ(ended, known);
  EXPECT_TRUE(trace.end.payload_ended);
}

// A program of tests/fixtures in a directory of its own.
class TraceTest : public ::testing::TestWithParam<Engine> {
 protected:
  void SetUp() override {
    char name[] = "/tmp/driftcage-trace-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    directory_ = name;
    options_.spec.engine = GetParam();
    options_.before = [this] {
      if (chdir(directory_.c_str()) != 0) _exit(98);
    };
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  Trace run(const std::string& program, const std::string& act) {
    Trace trace = run_traced({DRIFTCAGE_FIXTURES "/" + program, act}, options_);
    check_invariants(trace);
    return trace;
  }

  // The program's own lines against the events on marked paths.
  static void expect_agreement(const Trace& trace) {
    std::vector<std::string> told;
    std::istringstream lines(trace.output);
    bool done = false;
    for (std::string line; std::getline(lines, line);) {
      if (line == "done")
        done = true;
      else
        told.push_back(line);
    }
    EXPECT_TRUE(done) << trace.output << trace.end.status.text();
    std::vector<std::string> seen;
    for (const auto& event : trace.events) {
      if (is_marked(event.path) && event.generation > 0)
        seen.push_back(line_of(event));
    }
    // A child of fork has no exec of its own.
    for (const auto& event : trace.events) {
      if (is_marked(event.path) && event.generation == 0 && event.process > 1)
        seen.push_back(line_of(event));
    }
    std::sort(told.begin(), told.end());
    std::sort(seen.begin(), seen.end());
    EXPECT_EQ(seen, told);
    EXPECT_FALSE(told.empty());
  }

  std::string directory_;
  Options options_;
};

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
  const Trace trace = run("trace_processes", "exec_from_thread");
  const auto execs = trace.of(Verb::Exec);
  ASSERT_EQ(execs.size(), 2U);
  EXPECT_EQ(execs[1].exec->argv[1], "after_exec");
  EXPECT_EQ(execs[1].process, 1U);
  const auto after = trace.at("dc-after");
  ASSERT_EQ(after.size(), 1U);
  EXPECT_EQ(after[0].generation, 2U);
  EXPECT_EQ(after[0].tid, trace.starts[0].pid);
  EXPECT_EQ(trace.starts.size(), 1U);
  EXPECT_EQ(trace.end.integrity, model::kComplete);
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

TEST_P(TraceTest, StatusOfThePayload) {
  EXPECT_EQ(run("trace_processes", "exit_by_signal").end.status.signal(),
            SIGTERM);
}

TEST_P(TraceTest, NestedFilterIsFlagged) {
  for (const char* way :
       {"nested_filter", "filter_of_all_threads", "filter_with_listener"}) {
    const Trace trace = run("trace_guards", way);
    EXPECT_EQ(trace.output, "done\n") << way;
    EXPECT_EQ(trace.end.integrity, model::kNestedFilter) << way;
  }
}

TEST_P(TraceTest, QuestionsAboutFiltersAreNot) {
  EXPECT_EQ(run("trace_guards", "no_filter").end.integrity, model::kComplete);
}

TEST_P(TraceTest, NestedPtraceIsFlagged) {
  for (const char* way : {"nested_ptrace", "attach", "seize"}) {
    const Trace trace = run("trace_guards", way);
    EXPECT_EQ(trace.output, "done\n") << way;
    EXPECT_EQ(trace.end.integrity, model::kNestedPtrace) << way;
  }
}

TEST_P(TraceTest, IoUringIsFlaggedWhenItWorks) {
  const Trace trace = run("trace_guards", "io_uring");
  EXPECT_EQ(trace.end.integrity, trace.output.starts_with("made")
                                     ? model::kIoUring
                                     : model::kComplete);
}

TEST_P(TraceTest, DetachedMountsAreFlagged) {
  const Trace trace = run_traced(
      {DRIFTCAGE_FIXTURES "/trace_guards", "detached_mount"}, options_);
  EXPECT_TRUE(trace.end.status.success());
  EXPECT_EQ(trace.end.integrity, model::kDetachedMount);
  const Trace too = run_traced(
      {DRIFTCAGE_FIXTURES "/trace_guards", "detached_mount_too"}, options_);
  EXPECT_EQ(too.end.integrity, too.output.starts_with("made")
                                   ? model::kDetachedMount
                                   : model::kComplete);
}

#if defined(__x86_64__)
TEST_P(TraceTest, CallsOf32Bits) {
  const Trace trace =
      run_traced({DRIFTCAGE_FIXTURES "/trace_guards", "i386"}, options_);
  DRIFTCAGE_SKIP_UNLESS_EMPTY(trace.end.status.signal() == SIGSEGV
                                  ? "this kernel has no 32-bit calls"
                                  : "");
  expect_agreement(trace);
  for (const auto& event : trace.events) {
    if (event.path.starts_with("dc-i386")) {
      EXPECT_EQ(event.abi, model::Abi::I386) << describe(event);
    }
  }
  EXPECT_EQ(trace.end.integrity, model::kComplete);
}

TEST_P(TraceTest, CallsOfX32) {
  // Not killed, and seen, whether or not the kernel knows the call.
  const Trace trace =
      run_traced({DRIFTCAGE_FIXTURES "/trace_guards", "x32"}, options_);
  expect_agreement(trace);
  EXPECT_EQ(trace.at("dc-x32").at(0).abi, model::Abi::X32);
}
#endif

TEST_P(TraceTest, AnotherRootDirectory) {
  const Trace trace = run("trace_guards", "other_root");
  expect_agreement(trace);
  const Event event = trace.at("/bin/dc-x").front();
  EXPECT_EQ(event.cause, Cause::MissingDirectory);
  EXPECT_EQ(event.cause_at, "/bin");
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

TEST_P(TraceTest, EnvironmentOfExecs) {
  setenv("DC_KEPT", "1", 1);
  setenv("DC_CHANGED", "old", 1);
  setenv("DC_GONE", "x", 1);
  const Trace trace = run_traced({"/usr/bin/env", "-u", "DC_GONE",
                                  "DC_CHANGED=new", "DC_MADE=", "/usr/bin/env"},
                                 options_);
  const auto execs = trace.of(Verb::Exec);
  ASSERT_EQ(execs.size(), 2U);
  EXPECT_TRUE(execs[0].exec->environment_complete);
  EXPECT_THAT(execs[0].exec->environment, Contains("DC_GONE=x"));
  EXPECT_FALSE(execs[1].exec->environment_complete);
  auto change = execs[1].exec->environment;
  std::sort(change.begin(), change.end());
  EXPECT_EQ(change, (std::vector<std::string>{"DC_CHANGED=new", "DC_GONE",
                                              "DC_MADE="}));
}

TEST_P(TraceTest, AChildsEnvironmentIsComparedWithItsParents) {
  const Trace trace = run_traced(
      {"/bin/sh", "-c", "DC_MADE=1 /usr/bin/env >/dev/null; true"}, options_);
  const auto execs = trace.of(Verb::Exec);
  ASSERT_EQ(execs.size(), 2U);
  EXPECT_NE(execs[0].process, execs[1].process);
  EXPECT_FALSE(execs[1].exec->environment_complete);
  EXPECT_THAT(execs[1].exec->environment, Contains("DC_MADE=1"));
  EXPECT_LT(execs[1].exec->environment.size(), 6U);
}

TEST_P(TraceTest, ScriptsShowBothPrograms) {
  const std::string script = directory_ + "/dc-script";
  FILE* file = std::fopen(script.c_str(), "w");
  std::fputs("#!/bin/sh\n", file);
  std::fclose(file);
  ASSERT_EQ(chmod(script.c_str(), 0755), 0);
  const Trace trace = run_traced({script, "word"}, options_);
  const Event event = trace.of(Verb::Exec).at(0);
  EXPECT_EQ(event.abs, script);
  EXPECT_EQ(event.real, script);
  EXPECT_EQ(event.exec->argv, (std::vector<std::string>{script, "word"}));
  EXPECT_EQ(event.exec->exe, std::filesystem::canonical("/bin/sh").string());
}

TEST_P(TraceTest, InterpretersAreToldFromTheOutside) {
  const std::string inner = directory_ + "/dc-inner";
  const std::string outer = directory_ + "/dc-outer";
  std::ofstream(inner) << "#!/bin/sh\n";
  std::ofstream(outer) << "#! " << inner << " x\n";
  for (const auto& script : {inner, outer})
    ASSERT_EQ(chmod(script.c_str(), 0755), 0);
  const Trace trace = run_traced({outer}, options_);
  const auto interpreters = trace.of(Verb::Exec).at(0).exec->interpreters;
  ASSERT_EQ(interpreters.size(), 3U);
  EXPECT_EQ(interpreters[0], inner);
  EXPECT_EQ(interpreters[1], "/bin/sh");
  EXPECT_THAT(interpreters[2], ::testing::HasSubstr("/ld-linux"));
}

TEST_P(TraceTest, OpenedFilesAreIdentifiedWhenAskedFor) {
  options_.spec.identify = true;
  const Trace trace = run("trace_paths", "deleted");
  expect_agreement(trace);
  const Event there = trace.at("dc-there").back();
  ASSERT_TRUE(there.file.has_value());
  EXPECT_FALSE(there.file->deleted);
  EXPECT_EQ(there.real, directory_ + "/dc-there (deleted)");
  struct stat info {};
  ASSERT_EQ(stat((directory_ + "/dc-there (deleted)").c_str(), &info), 0);
  EXPECT_EQ(there.file->device, info.st_dev);
  EXPECT_EQ(there.file->inode, info.st_ino);
  // Reached by /proc/self/fd: it has no name any more.
  const auto gone = std::find_if(
      trace.events.begin(), trace.events.end(), [](const Event& event) {
        return event.path.starts_with("/proc/self/fd/dc-") ||
               (event.verb == Verb::Open && event.file && event.file->deleted);
      });
  ASSERT_NE(gone, trace.events.end());
  EXPECT_EQ(gone->real, directory_ + "/dc-gone");
}

TEST_P(TraceTest, WhatWasMappedIsToldWhenAskedFor) {
  options_.spec.mapped = true;
  const Trace trace =
      run_traced({"/usr/bin/env", "/bin/cat", "/dev/null"}, options_);
  check_invariants(trace);
  ASSERT_EQ(trace.mapped.size(), 2U);
  constexpr std::uint32_t kReadAndExecute = 1U << (PROT_READ | PROT_EXEC);
  const auto has = [](const model::Mapped& mapped, const std::string& name) {
    return std::any_of(mapped.files.begin(), mapped.files.end(),
                       [&name](const model::MappedFile& file) {
                         return file.path.ends_with(name) &&
                                (file.rights & kReadAndExecute) != 0;
                       });
  };
  EXPECT_EQ(trace.mapped[0].generation, 1U);
  EXPECT_TRUE(has(trace.mapped[0], "/env"));
  EXPECT_TRUE(has(trace.mapped[0], "/libc.so.6"));
  EXPECT_EQ(trace.mapped[1].generation, 2U);
  EXPECT_TRUE(has(trace.mapped[1], "/cat"));
}

TEST_P(TraceTest, SecretsNeverLeaveTheTracer) {
  setenv("DC_API_TOKEN", "hush", 1);
  setenv("DC_PROXY", "https://me:hush@proxy.example.com", 1);
  const std::vector<std::string> command = {"/usr/bin/env", "DC_PASSWORD=hush",
                                            "/bin/cat", "--token=hush",
                                            "ftp://me:hush@h.example.com/x"};
  const Trace trace = run_traced(command, options_);
  options_.spec.redact = false;
  const Trace open_trace = run_traced(command, options_);
  unsetenv("DC_API_TOKEN");
  unsetenv("DC_PROXY");
  const auto text_of = [](const Trace& one) {
    std::string text;
    for (const auto& event : one.events) {
      text += event.path + event.abs + event.real;
      if (!event.exec) continue;
      for (const auto& word : event.exec->argv) text += word + " ";
      for (const auto& word : event.exec->environment) text += word + " ";
    }
    return text;
  };
  EXPECT_EQ(text_of(trace).find("hush"), std::string::npos);
  EXPECT_THAT(text_of(trace), ::testing::HasSubstr("DC_API_TOKEN=***"));
  // Changed, though its value is hidden.
  EXPECT_THAT(trace.of(Verb::Exec).at(1).exec->environment,
              Contains("DC_PASSWORD=***"));
  EXPECT_THAT(text_of(open_trace), ::testing::HasSubstr("DC_API_TOKEN=hush"));
}

TEST_P(TraceTest, TheGateLetsOtherNamesGo) {
  options_.spec.gated = verb_bit(Verb::Stat);
  options_.spec.names = {"dc-wanted"};
  const Trace trace = run_traced(
      {"/usr/bin/stat", "dc-wanted", "dc-other", "dc-dir/dc-wanted"}, options_);
  check_invariants(trace);
  EXPECT_EQ(trace.at("dc-wanted").size(), 1U);
  EXPECT_EQ(trace.at("dc-dir/dc-wanted").size(), 1U);
  EXPECT_THAT(trace.at("dc-other"), IsEmpty());
  EXPECT_FALSE(trace.of(Verb::Open).empty());
}

TEST_P(TraceTest, CausesAreToldWithWhatDecided) {
  ASSERT_EQ(mkdir((directory_ + "/dc-closed").c_str(), 0), 0);
  options_.before = [this] {
    if (chdir(directory_.c_str()) != 0) _exit(98);
    if (geteuid() == 0 && setresuid(12345, 12345, 12345) != 0) _exit(98);
  };
  ASSERT_EQ(chmod(directory_.c_str(), 0755), 0);
  const Trace trace = run_traced({"/bin/cat", "dc-closed/x"}, options_);
  chmod((directory_ + "/dc-closed").c_str(), 0700);
  const Event event = trace.at("dc-closed/x").at(0);
  EXPECT_EQ(event.cause, Cause::NoSearchPermission);
  EXPECT_EQ(event.cause_note,
            "mode 0000, owner " + std::to_string(geteuid()) + ":" +
                std::to_string(getegid()) + ", caller " +
                std::to_string(geteuid() == 0 ? 12345 : geteuid()) + ":" +
                std::to_string(getegid()));
}

// Ids come again within one trace, also to threads that end without a word.
TEST_P(TraceTest, ProcessIdsComeAgain) {
  DRIFTCAGE_ROOT_ONLY("choosing pids takes a privilege");
  const Trace trace = run("trace_processes", "same_pid");
  DRIFTCAGE_SKIP_UNLESS_EMPTY(trace.output == "no namespace\ndone\n"
                                  ? "no pid can be chosen here"
                                  : "");
  expect_agreement(trace);
  std::map<std::int32_t, std::set<std::uint32_t>> by_pid;
  for (const auto& start : trace.starts)
    by_pid[start.pid].insert(start.process);
  const bool again =
      std::any_of(by_pid.begin(), by_pid.end(),
                  [](const auto& one) { return one.second.size() > 1; });
  EXPECT_TRUE(again);
  for (const auto& event : trace.events) {
    if (!event.path.starts_with("dc-same-")) continue;
    // Each of them is another process than the one before.
    EXPECT_EQ(trace.at(event.path).size(), 1U);
  }
}

}  // namespace
}  // namespace driftcage::trace::testing
