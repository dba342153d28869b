// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/match/derive.h"
#include "tests/unit/match/trace_builder.h"

namespace driftcage::match {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> derived(const TraceBuilder& trace) {
  std::vector<std::string> texts;
  Deriver deriver([&](const model::Event& event) {
    texts.push_back(std::string(model::verb_name(event.verb)) + " " +
                    event.path + " = " +
                    (event.ok() ? event.abs : base::errno_name(event.err)) +
                    " in " + event.cause_at);
  });
  for (const auto& record : trace.records) deriver.add(record);
  deriver.finish();
  return texts;
}

TraceBuilder program() {
  TraceBuilder trace;
  trace.program(1, "/work/lib", "/bin");
  return trace;
}

TEST(Load, SearchThroughPathsAndCache) {
  TraceBuilder trace = program();
  trace.call(1, "openat", "/opt/lib/glibc-hwcaps/x86-64-v3/libfoo.so.1", ENOENT)
      .call(1, "newfstatat", "/opt/lib/glibc-hwcaps/x86-64-v3", ENOENT)
      .call(1, "openat", "/opt/lib/libfoo.so.1", ENOENT)
      .call(1, "openat", "/etc/ld.so.cache")
      .call(1, "openat", "/usr/lib/libfoo.so.1")
      .call(1, "openat", "/opt/lib/libc.so.6", ENOENT)
      .call(1, "openat", "/lib/x86_64-linux-gnu/libc.so.6");
  EXPECT_THAT(derived(trace),
              ElementsAre("load libfoo.so.1 = /usr/lib/libfoo.so.1 in "
                          "/opt/lib/glibc-hwcaps/x86-64-v3:/opt/lib:/usr/lib",
                          "load libc.so.6 = /lib/x86_64-linux-gnu/libc.so.6 in "
                          "/opt/lib:/lib/x86_64-linux-gnu"));
}

TEST(Load, NothingFound) {
  TraceBuilder trace = program();
  trace.call(1, "openat", "/etc/ld.so.cache")
      .call(1, "openat", "/lib/libfoo.so.1", ENOENT)
      .call(1, "openat", "/usr/lib/libfoo.so.1", ENOENT)
      .end(1, 127);
  EXPECT_THAT(derived(trace),
              ElementsAre("load libfoo.so.1 = ENOENT in /lib:/usr/lib"));
}

TEST(Load, UnreadableIsToldApart) {
  TraceBuilder trace = program();
  trace.call(1, "openat", "/lib/libfoo.so", EACCES)
      .call(1, "openat", "/usr/lib/libfoo.so", ENOENT)
      .end(1);
  EXPECT_THAT(derived(trace),
              ElementsAre("load libfoo.so = EACCES in /lib:/usr/lib"));
}

TEST(Load, FileOfAnotherMachineIsPassedOver) {
  TraceBuilder trace = program();
  trace.call(1, "openat", "/lib32/libfoo.so")
      .call(1, "openat", "/usr/lib/libfoo.so")
      .end(1);
  EXPECT_THAT(derived(trace), ElementsAre("load libfoo.so = /usr/lib/libfoo.so "
                                          "in /lib32:/usr/lib"));
  TraceBuilder none = program();
  none.call(1, "openat", "/lib32/libfoo.so")
      .call(1, "openat", "/usr/lib/libfoo.so", ENOENT)
      .end(1);
  EXPECT_THAT(derived(none),
              ElementsAre("load libfoo.so = ENOENT in /lib32:/usr/lib"));
}

TEST(Load, EndsWhenTheProgramOpensSomethingElse) {
  TraceBuilder trace = program();
  trace.call(1, "openat", "/lib/libfoo.so", ENOENT)
      .call(1, "openat", "/usr/share/locale/de/libc.mo", ENOENT)
      .call(1, "openat", "/usr/lib/libfoo.so", ENOENT)
      .end(1);
  EXPECT_THAT(derived(trace), ElementsAre("load libfoo.so = ENOENT in /lib",
                                          "load libfoo.so = ENOENT in "
                                          "/usr/lib"));
}

TEST(Load, SameFileAgainIsAnotherLoad) {
  TraceBuilder trace = program();
  trace.call(1, "openat", "/lib/libfoo.so")
      .call(1, "openat", "/lib/libfoo.so")
      .end(1);
  EXPECT_EQ(derived(trace).size(), 2u);
}

TEST(Load, ExecEndsTheSearch) {
  TraceBuilder trace = program();
  trace.call(1, "openat", "/lib/libfoo.so", ENOENT)
      .exec(1, "/bin/other", {"/bin/other"})
      .call(1, "openat", "/usr/lib/libfoo.so")
      .end(1);
  EXPECT_THAT(derived(trace),
              ElementsAre("load libfoo.so = ENOENT in /lib",
                          "load libfoo.so = /usr/lib/libfoo.so in /usr/lib"));
}

TEST(Load, ThreadsLoadApart) {
  TraceBuilder trace = program();
  const auto thread = [](std::int32_t tid) {
    return [tid](model::Event& event) { event.tid = tid; };
  };
  trace.call(1, "openat", "/a/libx.so", ENOENT, thread(1))
      .call(1, "openat", "/a/liby.so", ENOENT, thread(2))
      .call(1, "openat", "/b/libx.so", 0, thread(1))
      .call(1, "openat", "/b/liby.so", 0, thread(2))
      .end(1);
  EXPECT_THAT(derived(trace),
              ElementsAre("load libx.so = /b/libx.so in /a:/b",
                          "load liby.so = /b/liby.so in /a:/b"));
}

TEST(Load, RelativeNamesOfDlopen) {
  TraceBuilder trace = program();
  trace.call(1, "openat", "./libfoo.so.1", ENOENT).end(1);
  EXPECT_THAT(derived(trace), ElementsAre("load libfoo.so.1 = ENOENT in /cwd"));
}

// The link editor reads libraries too, but without close-on-exec.
TEST(Load, OnlyTheLoadersWayOfOpening) {
  TraceBuilder trace = program();
  const auto flags = [](std::uint64_t value) {
    return [value](model::Event& event) { event.flags = value; };
  };
  trace.call(1, "openat", "/usr/lib/libfoo.so", 0, flags(O_RDONLY))
      .call(1, "openat", "/w/libfoo.so", 0, flags(O_RDWR | O_CLOEXEC))
      .call(1, "openat", "/usr/lib/libfoo.a", ENOENT)
      .call(1, "openat", "/etc/ld.so.cache")
      .call(1, "openat", "/etc/ld.so.preload", ENOENT)
      .call(1, "openat", "/x/notes.solution", ENOENT)
      .call(1, "openat", "/x/.so", ENOENT)
      .call(1, "newfstatat", "/usr/lib/libfoo.so", ENOENT)
      .end(1);
  EXPECT_THAT(derived(trace), IsEmpty());
}

}  // namespace
}  // namespace driftcage::match
