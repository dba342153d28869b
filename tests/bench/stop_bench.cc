// SPDX-License-Identifier: Apache-2.0
//
// Where the time of a traced call goes: the same loop of failing opens under
// tracers that do one thing more each, tracer and tracee on one CPU. The row
// "two stops" is the floor of every tracer that sees results; what the whole
// recorder adds to it stands last.
//   stop_bench [RUNS [CALLS]]
#include <fcntl.h>
#include <sched.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

#include "harness/model/cage_spec.h"
#include "harness/trace/tracer.h"

namespace {

using namespace driftcage;

constexpr const char* kPath = "/usr/share/nonexistent-file";

double now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) * 1e9 +
         static_cast<double>(time.tv_nsec);
}

void check(bool ok, const char* what) {
  if (ok) return;
  std::perror(what);
  std::exit(1);
}

enum Work : unsigned { kExit = 1, kInfo = 2, kRead = 4, kCause = 8 };

model::TraceSpec spec() {
  model::TraceSpec made;
  made.verbs = 1u << static_cast<unsigned>(model::Verb::Open);
  made.pin_cpu = true;
  return made;
}

// The tracee: waits to be released, installs the filter when there is one, and
// makes the calls. Its end tells nothing, its time everything.
pid_t start(long calls, const trace::Filter* filter, int go) {
  const pid_t pid = fork();
  check(pid >= 0, "fork");
  if (pid != 0) return pid;
  char byte = 0;
  if (read(go, &byte, 1) != 1) _exit(1);
  if (filter != nullptr && filter->install() != 0) _exit(1);
  for (long i = 0; i < calls; ++i)
    syscall(SYS_openat, AT_FDCWD, kPath, O_RDONLY);
  _exit(0);
}

void info(pid_t pid, __ptrace_syscall_info& out) {
  syscall(SYS_ptrace, PTRACE_GET_SYSCALL_INFO, pid, sizeof(out), &out);
}

void read_path(pid_t pid, std::uint64_t address) {
  static std::array<char, 192> bytes;
  void* remote = nullptr;
  std::memcpy(&remote, &address, sizeof(remote));
  const iovec local{bytes.data(), bytes.size()};
  const iovec there{remote, bytes.size()};
  process_vm_readv(pid, &local, 1, &there, 1, 0);
}

// What tells a missing name from a missing directory.
void find_cause() {
  const int dir = open("/usr/share", O_PATH | O_DIRECTORY | O_CLOEXEC);
  static_cast<void>(faccessat(dir, "nonexistent-file", F_OK, 0));
  close(dir);
}

void follow(pid_t pid, unsigned work) {
  int status = 0;
  while (waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status)) {
    const bool entry = status >> 16 == PTRACE_EVENT_SECCOMP;
    __ptrace_syscall_info call{};
    if ((work & kInfo) != 0) info(pid, call);
    if (entry && (work & kRead) != 0) read_path(pid, call.seccomp.args[1]);
    if (!entry && (work & kCause) != 0) find_cause();
    ptrace(entry && (work & kExit) != 0 ? PTRACE_SYSCALL : PTRACE_CONT, pid, 0,
           0);
  }
}

class Nowhere : public trace::Sink {
 public:
  void process_start(const model::ProcessStart&) override {}
  void event(const model::Event&) override {}
  void process_end(const model::ProcessEnd&) override {}
  void mapped(const model::Mapped&) override {}
};

enum class How : std::uint8_t { Alone, ByHand, Recorder };

// Nanoseconds per call.
double measure(How how, unsigned work, long calls) {
  int go[2];
  check(pipe2(go, O_CLOEXEC) == 0, "pipe2");
  auto filter = trace::Filter::make(spec());
  check(filter.has_value(), "filter");
  const pid_t pid = start(calls, how == How::Alone ? nullptr : &*filter, go[0]);
  Nowhere nowhere;
  trace::Tracer tracer(spec(), nowhere);
  if (how == How::ByHand) {
    check(ptrace(PTRACE_SEIZE, pid, 0,
                 PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACESECCOMP) == 0,
          "seize");
  } else if (how == How::Recorder) {
    check(tracer.seize(pid).has_value(), "seize");
  }
  const double begin = now();
  check(write(go[1], "g", 1) == 1, "release");
  if (how == How::Recorder) {
    check(tracer.run({}).has_value(), "run");
  } else if (how == How::ByHand) {
    follow(pid, work);
  } else {
    waitpid(pid, nullptr, 0);
  }
  const double spent = now() - begin;
  close(go[0]);
  close(go[1]);
  return spent / static_cast<double>(calls);
}

}  // namespace

int main(int argc, char** argv) {
  const int runs = argc > 1 ? std::atoi(argv[1]) : 9;
  const long calls = argc > 2 ? std::atol(argv[2]) : 20000;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(0, &set);
  sched_setaffinity(0, sizeof(set), &set);
  struct Row {
    const char* name;
    How how;
    unsigned work;
    std::vector<double> times;
  };
  std::vector<Row> rows = {
      {"alone", How::Alone, 0, {}},
      {"entry stop only (a gated call)", How::ByHand, 0, {}},
      {"two stops: wait and resume", How::ByHand, kExit, {}},
      {"+ info at both", How::ByHand, kExit | kInfo, {}},
      {"+ read the path", How::ByHand, kExit | kInfo | kRead, {}},
      {"+ look for the cause", How::ByHand, kExit | kInfo | kRead | kCause, {}},
      {"driftcage's recorder", How::Recorder, 0, {}},
  };
  for (int i = 0; i < runs; ++i) {
    for (Row& row : rows)
      row.times.push_back(measure(row.how, row.work, calls));
  }
  const auto median = [](std::vector<double> times) {
    std::sort(times.begin(), times.end());
    return times[times.size() / 2];
  };
  double floor = 1;
  for (const Row& row : rows) {
    if (row.how == How::ByHand && row.work == kExit) floor = median(row.times);
  }
  double before = 0;
  for (const Row& row : rows) {
    const double time = median(row.times);
    std::printf("%-32s %8.0f ns  %+8.0f  x%.2f of two stops\n", row.name, time,
                time - before, time / floor);
    before = time;
  }
}
