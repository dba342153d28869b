// SPDX-License-Identifier: Apache-2.0
//
// What tracing costs, against the same program alone and under strace, all in
// one run and in turns, so that what else the machine does hits all alike.
//   trace_bench [RUNS [CALLS]]
#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <map>
#include <string>
#include <vector>

namespace {

const std::string kUsual = "exec,open,stat,readlink,mkdir,getcwd,spawn";
const std::string kUsualCalls =
    "execve,execveat,open,openat,openat2,creat,stat,lstat,newfstatat,statx,"
    "access,faccessat,faccessat2,readlink,readlinkat,mkdir,mkdirat,getcwd,"
    "clone,clone3,fork,vfork";

using Words = std::vector<std::string>;

struct Cost {
  double wall = 0;     // seconds
  double cpu = 0;      // of the program and of its tracer
  long kilobytes = 0;  // the most that one process of them had
};

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) +
         static_cast<double>(time.tv_usec) / 1e6;
}

double now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) +
         static_cast<double>(time.tv_nsec) / 1e9;
}

Cost run(const Words& words, bool pinned) {
  const double start = now();
  const pid_t pid = fork();
  if (pid == 0) {
    if (pinned) {
      cpu_set_t set;
      CPU_ZERO(&set);
      CPU_SET(0, &set);
      sched_setaffinity(0, sizeof(set), &set);
    }
    const int null = open("/dev/null", O_RDWR);
    for (const int fd : {0, 1, 2}) dup2(null, fd);
    std::vector<char*> argv;
    for (const auto& word : words)
      argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    execvp(argv[0], argv.data());
    _exit(127);
  }
  int status = 0;
  rusage usage{};
  wait4(pid, &status, 0, &usage);
  if (status != 0) {
    std::fprintf(stderr, "trace_bench: %s: status %d\n", words[0].c_str(),
                 status);
    std::exit(1);
  }
  return {now() - start, seconds(usage.ru_utime) + seconds(usage.ru_stime),
          usage.ru_maxrss};
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

struct Column {
  std::string name;
  Words words;
  bool pinned = false;
};

// One table row per column; ratios are to the first column and to the last.
// Gives the CPU time of each column.
std::map<std::string, double> compare(const std::string& title,
                                      const std::vector<Column>& columns,
                                      int runs, double per, const char* unit) {
  std::map<std::string, std::vector<double>> wall;
  std::map<std::string, std::vector<double>> cpu;
  for (int i = 0; i < runs; ++i) {
    for (const auto& column : columns) {
      const Cost cost = run(column.words, column.pinned);
      wall[column.name].push_back(cost.wall);
      cpu[column.name].push_back(cost.cpu);
    }
  }
  std::printf("%s\n", title.c_str());
  const double first = median(wall[columns.front().name]);
  const double last = median(wall[columns.back().name]);
  const double first_cpu = median(cpu[columns.front().name]);
  const double last_cpu = median(cpu[columns.back().name]);
  for (const auto& column : columns) {
    const double w = median(wall[column.name]);
    const double c = median(cpu[column.name]);
    std::printf(
        "  %-22s %9.2f %s  cpu %9.2f %s  x%-6.2f (cpu x%.2f) of the first, "
        "x%.2f (cpu x%.2f) of the last\n",
        column.name.c_str(), w / per, unit, c / per, unit, w / first,
        c / first_cpu, w / last, c / last_cpu);
  }
  std::map<std::string, double> medians;
  for (const auto& [name, times] : cpu) medians[name] = median(times);
  return medians;
}

}  // namespace

int main(int argc, char** argv) {
  const int runs = argc > 1 ? std::atoi(argv[1]) : 9;
  const std::string calls = argc > 2 ? argv[2] : "20000";
  const Words ours = {TRACE_RUN, "--verbs", kUsual};
  const Words strace = {"strace",
                        "-f",
                        "--seccomp-bpf",
                        "-e",
                        "trace=" + kUsualCalls,
                        "-o",
                        "/dev/shm/strace.out"};
  const auto with = [](Words words, const Words& more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
  };
  for (const char* kind : {"stat", "open", "missing", "getppid", "read"}) {
    // The last two are not traced, and so cheap that the start of the tracer
    // would show.
    const bool traced =
        kind != std::string("getppid") && kind != std::string("read");
    const std::string count = traced ? calls : calls + "00";
    const Words program = {CALL_LOOP, kind, count};
    std::vector<Column> columns = {
        {"alone", program, true},
        {"driftcage", with(with(ours, {"--pin", "--"}), program), true},
        {"  without causes",
         with(with(ours, {"--pin", "--no-explain", "--"}), program), true},
        {"strace, not pinned", with(strace, program), false},
        {"strace, pinned", with(strace, program), true}};
    // What the kernel itself takes as soon as there is any filter.
    if (!traced) {
      columns.insert(columns.begin() + 1,
                     {"smallest filter", with(program, {"filtered"}), true});
    }
    compare("one call: " + std::string(kind), columns, runs,
            std::atof(count.c_str()) / 1e6, "us");
  }
  for (const char* count : {"1000", "100000"}) {
    const Cost cost = run(
        with(with(ours, {"--pin", "--"}), {CALL_LOOP, "missing", count}), true);
    std::printf("memory of the tracer, %s events: %ld KiB\n", count,
                cost.kilobytes);
  }
  if (argc <= 3) return 0;
  // A warm `go run FILE`.
  const Words go = {"go", "run", argv[3]};
  run(go, false);
  const Words exec_open = {TRACE_RUN, "--verbs", "exec,open"};
  const auto times = compare(
      "warm go run",
      {{"alone", go, false},
       {"alone, pinned", go, true},
       {"exec and open", with(with(exec_open, {"--pin", "--"}), go), true},
       {"exec and open, free", with(with(exec_open, {"--"}), go), false},
       {"all", with(with(ours, {"--pin", "--"}), go), true},
       {"all, verdict mode",
        with(with(ours, {"--gate", "go.mod", "--pin", "--"}), go), true},
       {"strace all, pinned", with(strace, go), true},
       {"strace all", with(strace, go), false}},
      runs, 1e-3, "ms");
  // Of the kinds and in the numbers that a real program makes.
  const double bare = times.at("alone, pinned");
  std::printf(
      "  its traced calls: x%.2f of what they cost under strace\n",
      (times.at("all") - bare) / (times.at("strace all, pinned") - bare));
  // Everything that fmt is made of, each time anew.
  const Words build =
      with({"sh", "-c",
            "d=$(mktemp -d) && GOCACHE=$d \"$@\"; s=$?; rm -r \"$d\"; exit $s",
            "sh"},
           {"go", "build", "-a", "fmt"});
  compare("cold go build -a fmt",
          {{"alone", build, false},
           {"all, free", with(with(ours, {"--"}), build), false},
           {"alone, pinned", build, true},
           {"all", with(with(ours, {"--pin", "--"}), build), true}},
          runs, 1e-3, "ms");
}
