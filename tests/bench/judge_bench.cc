// SPDX-License-Identifier: Apache-2.0
// How long it takes to judge a stored trace: bytes of the wire format to line
// matches, derived lookups and loads included. Goal: 1,000,000 events in 1 s.
//
//   judge_bench [EVENTS]       default 1,000,000
//
// Prints medians of 9 runs in CPU time: decoding alone, and decoding with
// matching.
#include <fcntl.h>
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "harness/match/matcher.h"
#include "harness/model/event.h"
#include "harness/scenario/parser.h"
#include "harness/wire/codec.h"

namespace {

using namespace driftcage;

constexpr int kRuns = 9;

// The mixture of a warm `go run`: three stats to one open, one call in ten
// fails, PATH searches between them.
std::string make_trace(std::uint64_t events) {
  std::string bytes;
  wire::encode(wire::Record(wire::Hello{}), bytes);
  model::ProcessStart start;
  start.process = 1;
  start.pid = 2;
  wire::encode(wire::Record(start), bytes);

  model::Event exec;
  exec.seq = 1;
  exec.process = 1;
  exec.verb = model::Verb::Exec;
  exec.syscall = model::Syscall::Execve;
  exec.path = exec.abs = "/usr/lib/go-1.24/bin/go";
  exec.exec.emplace();
  exec.exec->argv = {"go", "run", "."};
  exec.exec->environment = {"PATH=/usr/lib/go-1.24/bin:/usr/local/bin:/usr/bin",
                            "HOME=/home/u"};
  exec.exec->environment_complete = true;
  exec.exec->exe = exec.path;
  wire::encode(exec, bytes);

  static constexpr const char* kPath[] = {"/usr/lib/go-1.24/bin/",
                                          "/usr/local/bin/", "/usr/bin/"};
  for (std::uint64_t i = 2; i <= events; ++i) {
    model::Event event;
    event.seq = i;
    event.process = 1;
    event.generation = 1;
    event.tid = static_cast<std::int32_t>(2 + i % 5);
    event.enter_ns = i * 5000;
    event.exit_ns = i * 5000 + 3000;
    const bool open = i % 4 == 0;
    event.verb = open ? model::Verb::Open : model::Verb::Stat;
    event.syscall = open ? model::Syscall::Openat : model::Syscall::Newfstatat;
    if (open) event.flags = O_RDONLY | O_CLOEXEC;
    if (i % 50 < 3) {
      event.verb = model::Verb::Stat;
      event.syscall = model::Syscall::Newfstatat;
      event.path = fmt::format("{}tool{}", kPath[i % 50], i / 50 % 7);
    } else {
      event.path = fmt::format(
          "/usr/lib/go-1.24/src/internal/package{}/file{}.go", i % 211, i % 17);
    }
    event.abs = event.path;
    if (i % 10 == 1 || i % 50 < 3) {
      event.err = ENOENT;
      event.result = -1;
      event.cause = model::Cause::Missing;
      event.cause_at = event.path;
    } else if (open) {
      event.real = event.path;
    }
    wire::encode(event, bytes);
  }
  return bytes;
}

std::vector<model::EventLine> lines() {
  std::vector<model::EventLine> result;
  for (const char* text :
       {"lookup tool3 = none", "exec **/gcc", "exec **/cgo = ok",
        "open $HOME/.config/go/env", "stat $GOROOT/pkg/tool = ENOENT",
        "open **/libfoo.so.1 = ENOENT by hello", "load libfoo.so.1 = none",
        "exec $GOCACHE/{hash}-d/hello = noexec", "stat **/*.sum = ENOENT by go",
        "any /nonexistent/** = fail"}) {
    auto line = scenario::parse_event_line(text, {"bench", 1, 1, 1});
    if (!line) {
      fmt::print(stderr, "{}: {}\n", text, line.error().message);
      std::exit(1);
    }
    result.push_back(*std::move(line));
  }
  return result;
}

const match::Variables kVariables{{"HOME", "/home/u"},
                                  {"GOROOT", "/usr/lib/go-1.24"},
                                  {"GOCACHE", "/home/u/.cache/go-build"}};

// Feeds in pieces, as a pipe or a file gives them.
template <class Take>
bool decode(const std::string& bytes, Take take) {
  constexpr std::size_t kPiece = 1u << 16;
  wire::Decoder decoder;
  for (std::size_t at = 0; at < bytes.size(); at += kPiece) {
    decoder.feed(std::string_view(bytes).substr(at, kPiece));
    while (true) {
      const auto record = decoder.next();
      if (!record) return false;
      if (!*record) break;
      take(**record);
    }
  }
  return true;
}

// Of this process's CPU time: nothing here waits, and other work on the
// machine then does not count.
std::uint64_t cpu_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

template <class Work>
double median_ms(Work work) {
  std::vector<double> times;
  for (int i = 0; i < kRuns; ++i) {
    const std::uint64_t before = cpu_ns();
    work();
    times.push_back(static_cast<double>(cpu_ns() - before) / 1e6);
  }
  std::sort(times.begin(), times.end());
  return times[kRuns / 2];
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t events =
      argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
  const std::string bytes = make_trace(events);
  const auto wanted = lines();
  fmt::print("{} events, {:.1f} MB, {} lines\n", events,
             static_cast<double>(bytes.size()) / 1e6, wanted.size());

  std::uint64_t seen = 0;
  bool good = true;
  const double decoding = median_ms(
      [&] { good &= decode(bytes, [&](const wire::Record&) { ++seen; }); });
  std::uint64_t matched = 0;
  const double judging = median_ms([&] {
    auto matcher = match::LineMatcher::make(wanted, kVariables);
    if (!matcher) {
      good = false;
      return;
    }
    good &= decode(bytes,
                   [&](const wire::Record& record) { matcher->add(record); });
    matcher->finish();
    matched = 0;
    for (const auto& line : matcher->result()) matched += line.count;
  });
  if (!good) {
    fmt::print(stderr, "judge_bench: the trace could not be judged\n");
    return 1;
  }
  const double per_event = 1e6 / static_cast<double>(events);
  fmt::print("decode          {:8.1f} ms  {:6.0f} ns/event\n", decoding,
             decoding * per_event);
  fmt::print("decode + match  {:8.1f} ms  {:6.0f} ns/event  ({} matches)\n",
             judging, judging * per_event, matched);
  fmt::print("goal: 1,000,000 events in 1000 ms; this is {:.2f} of it\n",
             judging * per_event / 1000);
  return 0;
}
