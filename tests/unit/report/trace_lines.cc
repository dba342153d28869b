// SPDX-License-Identifier: Apache-2.0
// Prints one JSON line of every kind, with every optional field.
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <string>

#include "harness/report/trace_text.h"
#include "tests/unit/match/trace_builder.h"

using namespace driftcage;

int main() {
  wire::Hello hello;
  hello.wall_ns = 1'795'459'501'000'000'007;
  hello.engine = "seccomp";

  match::TraceBuilder trace;
  trace.records.emplace_back(hello);
  trace.records.emplace_back(wire::CageUp{"full", {}, {}});
  trace.program(1, "/usr/bin/go", "/a:/b")
      .call(1, "newfstatat", "/a/gcc", ENOENT)
      .call(1, "newfstatat", "/b/gcc", ENOENT)
      .call(1, "openat", "/odd/\xff\n\\", ENOENT)
      .call(1, "getcwd", "", ENOENT)
      .call(1, "openat", "/lib/libx.so", 0,
            [](model::Event& event) {
              event.real = "/usr/lib/libx.so.1";
              event.dirfd = 4;
              event.mode = 0600;
            })
      .start(2, 1)
      .exec(2, "/tool/cgo", {"cgo", "--token", "x"}, {"API_KEY=1", "OLD"})
      .end(2, 2)
      .start(3, 1)
      .end(3);
  std::get<model::ProcessEnd>(trace.records.back()).status =
      base::WaitStatus::signalled(SIGKILL);
  // Every cause and call that there is.
  for (auto cause = model::Cause::None; cause <= model::Cause::Injected;
       cause = static_cast<model::Cause>(static_cast<int>(cause) + 1)) {
    trace.call(1, "execve", "/x", ENOENT, [cause](model::Event& event) {
      event.cause = cause;
      event.cause_at = "/y";
    });
  }
  for (int i = 0; i < static_cast<int>(model::Syscall::Unknown); ++i) {
    const auto call = static_cast<model::Syscall>(i);
    if (!model::verb_of(call)) continue;
    trace.call(1, std::string(model::syscall_name(call)), "/x", EPERM);
  }
  for (const bool good : {true, false}) {
    wire::End end;
    if (!good) {
      end.outcome = wire::Outcome::SpawnFailed;
      end.error = {"execve", "/x", ENOENT, "hint"};
      end.integrity = model::kIoUring | model::kTruncated;
    }
    trace.records.emplace_back(end);
  }

  report::TraceOptions options;
  options.format = report::TraceFormat::Json;
  options.detail = report::TraceDetail::All;
  report::TraceWriter writer(options, [](std::string_view line) {
    std::fwrite(line.data(), 1, line.size(), stdout);
  });
  for (const auto& record : trace.records) writer.add(record);
  writer.finish();
  return 0;
}
