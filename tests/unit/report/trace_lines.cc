// SPDX-License-Identifier: Apache-2.0
// Prints one JSON line of every kind, with every optional field.
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <string>

#include "harness/report/trace_writer.h"
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
  // Every optional field.
  trace.program(4, "/usr/lib/go/bin/go", "/bin")
      .exec(4, "/usr/lib/go/pkg/tool/linux_amd64/link", {"link"});
  trace.call(4, "openat", "/x/libfoo.so.1", 0, [](model::Event& event) {
    event.file = model::FileId{0x801, 77, true};
    event.elf = model::ElfSearch{"/r", "/x"};
  });
  trace.call(4, "openat", "/j\xff/libbar.so", 0, [](model::Event& event) {
    event.elf.emplace().kind = model::ElfKind::NotElf;
  });
  trace.call(4, "openat", "/closed/f", EACCES, [](model::Event& event) {
    event.cause = model::Cause::NoSearchPermission;
    event.cause_at = "/closed";
    event.cause_note = "mode 0700, owner 0:0, caller 1:1";
  });
  trace.exec(4, "/bin/script", {"script"});
  std::get<model::Event>(trace.records.back()).exec->interpreters = {
      "/bin/sh", "/lib64/ld.so"};
  trace.records.emplace_back(model::Mapped{
      4,
      2,
      9,
      {{"/lib/x.so\n", {0x801, 7, true}, 34}, {"/bin/script", {}, 2}}});
  trace.end(4, 1);
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
  options.mapped = true;
  report::TraceWriter writer(options, [](std::string_view line) {
    std::fwrite(line.data(), 1, line.size(), stdout);
  });
  for (const auto& record : trace.records) writer.add(record);
  writer.finish();
  return 0;
}
