// SPDX-License-Identifier: Apache-2.0
#include "harness/trace/checked_sink.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace driftcage::trace {
namespace {

class Nowhere : public Sink {
 public:
  void process_start(const model::ProcessStart&) override {}
  void event(const model::Event&) override {}
  void process_end(const model::ProcessEnd&) override {}
  void mapped(const model::Mapped&) override {}
};

model::Event event(std::uint64_t seq) {
  model::Event made;
  made.seq = seq;
  made.process = 1;
  made.tid = 9;
  return made;
}

class CheckedSinkTest : public ::testing::Test {
 protected:
  void SetUp() override {
#ifdef NDEBUG
    GTEST_SKIP() << "checks are for debug builds";
#endif
    sink_.process_start({1, 0, 7, 0});
  }
  Nowhere nowhere_;
  CheckedSink sink_{nowhere_, true};
};

using CheckedSinkDeathTest = CheckedSinkTest;

TEST_F(CheckedSinkDeathTest, ATraceThatCanBeTruePasses) {
  model::Event exec = event(1);
  exec.verb = model::Verb::Exec;
  exec.exec.emplace();
  sink_.event(exec);
  model::Event next = event(2);
  next.generation = 1;
  next.err = ENOENT;
  next.result = -1;
  sink_.event(next);
  sink_.mapped({1, 1, 0, {}});
  sink_.process_end({1, 3, {}});
  sink_.expect_balance(2, 2);
}

TEST_F(CheckedSinkDeathTest, AProgramsOwnFilterMayAnswerAnything) {
  CheckedSink sink(nowhere_, false);
  sink.process_start({1, 0, 7, 0});
  model::Event event_of_a_filter = event(1);
  event_of_a_filter.syscall = model::Syscall::Openat;
  event_of_a_filter.err = ENOSYS;
  event_of_a_filter.result = -1;
  sink.event(event_of_a_filter);
}

TEST_F(CheckedSinkDeathTest, OneThatCannotEndsTheTracer) {
  EXPECT_DEATH(sink_.process_start({3, 1, 8, 0}), "not dense");
  EXPECT_DEATH(sink_.process_start({2, 5, 8, 0}), "known parent");
  EXPECT_DEATH(sink_.event(event(2)), "event number");
  model::Event stranger = event(1);
  stranger.process = 4;
  EXPECT_DEATH(sink_.event(stranger), "unknown process");
  model::Event later = event(1);
  later.generation = 1;
  EXPECT_DEATH(sink_.event(later), "another program");
  model::Event odd = event(1);
  odd.cause = model::Cause::Missing;
  EXPECT_DEATH(sink_.event(odd), "success with a cause");
  model::Event lost = event(1);
  lost.syscall = model::Syscall::Openat;
  lost.err = ENOSYS;
  lost.result = -1;
  EXPECT_DEATH(sink_.event(lost), "answered by nobody");
  model::Event back = event(1);
  back.enter_ns = 2;
  back.exit_ns = 1;
  EXPECT_DEATH(sink_.event(back), "exit before entry");
  model::Event both = event(1);
  both.err = ENOENT;
  both.result = 3;
  EXPECT_DEATH(sink_.event(both), "failure with a result");
  model::Event bare = event(1);
  bare.verb = model::Verb::Exec;
  EXPECT_DEATH(sink_.event(bare), "exec without details");
  EXPECT_DEATH(sink_.mapped({4, 0, 0, {}}), "maps of an unknown");
  EXPECT_DEATH(sink_.expect_balance(2, 1), "calls that were entered");
  EXPECT_DEATH(sink_.expect_balance(2, 2), "process that never ended");
  EXPECT_DEATH(sink_.process_end({2, 0, {}}), "unknown process");
  sink_.process_end({1, 0, {}});
  EXPECT_DEATH(sink_.process_end({1, 0, {}}), "ended twice");
  EXPECT_DEATH(sink_.event(event(1)), "has ended");
}

}  // namespace
}  // namespace driftcage::trace
