// SPDX-License-Identifier: Apache-2.0
//
// What hides calls from a tracer, and callers of another ABI or root.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "tests/cage/trace_fixture.h"
#include "tests/must_work.h"

namespace driftcage::trace::testing {
namespace {

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
  const bool made = trace.output.starts_with("made");
  EXPECT_EQ(trace.end.integrity, made ? model::kIoUring : model::kComplete);
  DRIFTCAGE_SKIP_UNLESS_EMPTY(made ? "" : "io_uring is refused here");
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

TEST_P(TraceTest, ADirectoryOfAMountThatIsNowhereHasNoPath) {
  const Trace trace = run("trace_guards", "lazy_unmount");
  expect_agreement(trace);
  EXPECT_EQ(trace.end.integrity, model::kDetachedMount);
  const Event missing = trace.at("dc-lazy").at(0);
  EXPECT_EQ(missing.abs, "");
  EXPECT_EQ(missing.cause, Cause::None);
  EXPECT_EQ(trace.at("dc-made").at(0).abs, "");
  EXPECT_EQ(trace.at("dc-made").at(0).real, "");
}

TEST_P(TraceTest, AMountThatGoesLeavesOtherPathsAsTheyAre) {
  const Trace trace = run("trace_guards", "unmount_elsewhere");
  expect_agreement(trace);
  EXPECT_EQ(trace.end.integrity, model::kComplete);
  EXPECT_EQ(trace.at("dc-lazy").at(0).abs, directory_ + "/dc-lazy");
  EXPECT_EQ(trace.at("dc-lazy").at(0).cause, Cause::Missing);
  EXPECT_EQ(trace.at("dc-made").at(0).real, directory_ + "/dc-made");
}

TEST_P(TraceTest, WhatHasNoPathOrACoveredOneIsNotLost) {
  const Trace trace = run("trace_guards", "lazy_unmount_and_pipe");
  EXPECT_THAT(trace.output, ::testing::EndsWith("done\n"));
  EXPECT_EQ(trace.end.integrity, model::kComplete);
  EXPECT_EQ(trace.at("dc-below").at(0).abs,
            directory_ + "/dc-covered/dc-below");
}

TEST_P(TraceTest, MountsThatAreNotListedAreNotLost) {
  const Trace trace = run("trace_guards", "lazy_unmount_and_roots");
  expect_agreement(trace);
  EXPECT_EQ(trace.end.integrity, model::kComplete);
  EXPECT_EQ(trace.at("dc-before").at(0).abs, directory_ + "/dc-before");
  EXPECT_EQ(trace.at("dc-before").at(0).cause, Cause::Missing);
  EXPECT_EQ(trace.at("dc-inside").at(0).abs, "/dc-inside");
  EXPECT_EQ(trace.at("dc-inside").at(0).cause, Cause::Missing);
}

TEST_P(TraceTest, AChildWithMountsOfItsOwnIsExplainedByThem) {
  // Whether or not clones are reported.
  for (const std::uint32_t verbs : {kUsualVerbs, verb_bit(Verb::Open)}) {
    options_.spec.verbs = verbs;
    const Trace trace = run("trace_guards", "mounts_of_a_clone");
    const auto opens = trace.at("dc-over/dc-file");
    ASSERT_EQ(opens.size(), 2U);
    EXPECT_EQ(opens[1].cause, Cause::Missing);
    EXPECT_EQ(opens[1].cause_at, directory_ + "/dc-over/dc-file");
    std::filesystem::remove_all(directory_ + "/dc-over");
  }
}

TEST_P(TraceTest, AMountsDescriptorIsNoThread) {
  options_.spec.verbs = verb_bit(Verb::Open);
  const Trace trace = run("trace_guards", "mount_beside_a_thread");
  EXPECT_EQ(trace.output,
            std::to_string(trace.at("dc-other").at(0).tid) + "\ndone\n");
}

#if defined(__x86_64__)
TEST_P(TraceTest, CallsOf32Bits) {
  const Trace trace =
      run_traced({DRIFTCAGE_FIXTURES "/trace_guards", "i386"}, options_);
  DRIFTCAGE_SKIP_UNLESS_EMPTY(trace.end.status.signal() == SIGSEGV
                                  ? "this kernel has no 32-bit calls"
                                  : "");
  check_invariants(trace);
  expect_agreement(trace);
  for (const auto& event : trace.events) {
    if (event.path == "dc-i386" || event.path == "dc-i386-program") {
      EXPECT_EQ(event.abi, model::Abi::I386) << describe(event);
    }
  }
  const auto execs = trace.at("dc-i386-program");
  ASSERT_EQ(execs.size(), 2U);
  for (const Event& exec : execs) {
    EXPECT_THAT(exec.exec->argv,
                ::testing::ElementsAre("dc-i386-program", "dc-word"));
    EXPECT_THAT(exec.exec->environment, ::testing::Contains("DC_32=bits"));
  }
  EXPECT_EQ(trace.starts.size(), 2U);
  EXPECT_EQ(trace.end.integrity, model::kComplete);
}

// Under the filter these are no traced calls; under the other engine they are
// entries without an exit.
TEST_P(TraceTest, CallsInTheVsyscallPage) {
  const Trace trace = run("trace_guards", "vsyscall");
  EXPECT_TRUE(trace.end.status.success()) << trace.end.status.text();
  EXPECT_EQ(trace.at("dc-after-vsyscall").size(), 1U);
  EXPECT_EQ(trace.end.integrity, model::kComplete);
  DRIFTCAGE_SKIP_UNLESS_EMPTY(trace.output.starts_with("no page")
                                  ? "this kernel has no vsyscall page"
                                  : "");
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
  options_.spec.mapped = true;
  const Trace trace = run("trace_guards", "other_root");
  expect_agreement(trace);
  const Event event = trace.at("/bin/dc-x").front();
  EXPECT_EQ(event.cause, Cause::MissingDirectory);
  EXPECT_EQ(event.cause_at, "/bin");
  // Seen from there, too, where the path begins at the working directory.
  EXPECT_EQ(trace.at("dc-y").front().abs, "/dc-y");
  EXPECT_EQ(trace.at("dc-y").front().cause, Cause::Missing);
  EXPECT_EQ(trace.at("dc-made").front().real, "/dc-made");
  // What was mapped before keeps its name.
  ASSERT_FALSE(trace.mapped.empty());
  for (const auto& file : trace.mapped.back().files) EXPECT_NE(file.path, "");
  // What lies outside has no path there.
  EXPECT_EQ(trace.at("dc-above").front().abs, "");
}

}  // namespace
}  // namespace driftcage::trace::testing
