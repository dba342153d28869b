// SPDX-License-Identifier: Apache-2.0
//
// What the records of calls hold: environments, programs, files, maps, causes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <optional>

#include "tests/cage/trace_fixture.h"
#include "tests/must_work.h"

namespace driftcage::trace::testing {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;

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

TEST_P(TraceTest, ArgumentsThatAreTooManyToKeepAreFlagged) {
  // The kernel takes 6 MiB with a stack of 24, the tracer keeps 4.
  options_.before = [this] {
    if (chdir(directory_.c_str()) != 0) _exit(98);
    rlimit stack{};
    getrlimit(RLIMIT_STACK, &stack);
    stack.rlim_cur = 24U << 20;
    if (setrlimit(RLIMIT_STACK, &stack) != 0) _exit(97);
  };
  std::vector<std::string> words{"/bin/true"};
  words.resize(46, std::string(100 << 10, 'x'));
  const Trace trace = run_traced(words, options_);
  DRIFTCAGE_SKIP_UNLESS_EMPTY(
      trace.end.status.exit_code() == 97 ? "a low limit for stacks" : "");
  ASSERT_TRUE(trace.end.status.success()) << trace.end.status.text();
  EXPECT_EQ(trace.end.integrity, model::kTruncated);
}

TEST_P(TraceTest, TheGateHoldsCallsThatAreAnswered) {
  options_.spec.gated = verb_bit(Verb::Stat);
  for (const char* call : {"newfstatat", "statx"})
    options_.injections.push_back({call, "*dc-other", EIO});
  const Trace trace = run_traced({"/usr/bin/stat", "dc-other"}, options_);
  ASSERT_EQ(trace.at("dc-other").size(), 1U);
  EXPECT_EQ(trace.at("dc-other").front().err, EIO);
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

}  // namespace
}  // namespace driftcage::trace::testing
