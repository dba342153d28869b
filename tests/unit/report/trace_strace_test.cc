// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <variant>

#include "harness/report/trace_writer.h"
#include "tests/unit/match/trace_builder.h"

namespace driftcage::report {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> lines(const match::TraceBuilder& trace) {
  std::vector<std::string> result;
  TraceOptions options;
  options.format = TraceFormat::Strace;
  options.detail = TraceDetail::All;
  TraceWriter writer(options, [&](std::string_view line) {
    result.emplace_back(line.substr(0, line.size() - 1));
  });
  for (const auto& record : trace.records) writer.add(record);
  writer.finish();
  return result;
}

TEST(TraceStrace, LinesAsStraceWritesThem) {
  match::TraceBuilder trace;
  trace.start(1)
      .exec(1, "/bin/sh", {"sh", "-c", "a\"b"}, {"A=1"}, true)
      .call(1, "openat",
            "/etc/x\n\xff"
            "1",
            ENOENT)
      .call(1, "openat", "new", 0,
            [](model::Event& event) {
              event.flags = O_WRONLY | O_CREAT | O_TRUNC;
              event.mode = 0644;
              event.dirfd = 5;
              event.result = 3;
            })
      .call(1, "newfstatat", "/y", EACCES,
            [](model::Event& event) { event.flags = AT_SYMLINK_NOFOLLOW; })
      .call(1, "access", "/z", 0,
            [](model::Event& event) { event.mode = X_OK; })
      .call(1, "openat", "/fifo", 512)
      .call(1, "clone", "", 0,
            [](model::Event& event) { event.flags = 0x4100 | SIGCHLD; })
      .end(1, 3);
  EXPECT_THAT(
      lines(trace),
      ElementsAre(
          R"(101   execve("/bin/sh", ["sh", "-c", "a\"b"], [/* 1 vars */]) = 0)",
          R"(101   openat(AT_FDCWD, "/etc/x\n\3771", O_RDONLY|O_CLOEXEC) = -1 ENOENT (No such file or directory))",
          R"(101   openat(5, "new", O_WRONLY|O_CREAT|O_TRUNC, 0644) = 3)",
          R"(101   newfstatat(AT_FDCWD, "/y", {...}, AT_SYMLINK_NOFOLLOW) = -1 EACCES (Permission denied))",
          R"(101   access("/z", X_OK) = 0)",
          R"(101   openat(AT_FDCWD, "/fifo", O_RDONLY|O_CLOEXEC) = ? ERESTARTSYS (To be restarted if SA_RESTART is set))",
          R"(101   clone(child_stack=..., flags=CLONE_VM|CLONE_VFORK|SIGCHLD) = 0)",
          R"(101   +++ exited with 3 +++)"));
}

TEST(TraceStrace, KilledBySignal) {
  match::TraceBuilder trace;
  trace.start(1).end(1);
  std::get<model::ProcessEnd>(trace.records.back()).status =
      base::WaitStatus::signalled(SIGKILL);
  EXPECT_THAT(lines(trace), ElementsAre("101   +++ killed by SIGKILL +++"));
}

TEST(TraceStrace, SearchesAreNoCalls) {
  match::TraceBuilder trace;
  trace.program(1, "/bin/p", "/a")
      .call(1, "newfstatat", "/a/gcc", ENOENT)
      .end(1);
  EXPECT_EQ(lines(trace).size(), 3u);
}

}  // namespace
}  // namespace driftcage::report
