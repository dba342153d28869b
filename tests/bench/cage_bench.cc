// SPDX-License-Identifier: Apache-2.0
// What a cage costs: up, exec /bin/true, down, through driftcage-cell, against
// bubblewrap with the same namespaces, taking turns so that both meet the same
// load. Prints medians, the ratio, and the cage's own account of its steps.
//   cage_bench [ROUNDS] [DIRECTORY]      DIRECTORY: an image instead of the
//   host
#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/sys.h"
#include "harness/run/nursery.h"
#include "harness/wire/codec.h"
#include "tests/cage/cell_run.h"

namespace driftcage::testing {
namespace {

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle =
      values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// Milliseconds of a program's run; negative when it fails. Runs a program to
// its end, with descriptors moved to where it wants them. `meanwhile` runs in
// this process.
template <class Meanwhile>
double time_of(const std::vector<const char*>& words,
               const std::vector<std::pair<int, int>>& moves,
               Meanwhile meanwhile) {
  std::vector<char*> argv;
  for (const char* word : words) argv.push_back(const_cast<char*>(word));
  argv.push_back(nullptr);
  const std::uint64_t start = base::sys::monotonic_ns();
  const pid_t pid = ::vfork();
  if (pid == 0) {
    for (const auto& [from, to] : moves) ::dup2(from, to);
    ::execvp(argv[0], argv.data());
    ::_exit(127);
  }
  meanwhile();
  int status = 0;
  if (pid < 0 || ::waitpid(pid, &status, 0) != pid || status != 0) return -1;
  return static_cast<double>(base::sys::monotonic_ns() - start) / 1e6;
}

double time_of(const std::vector<const char*>& words) {
  return time_of(words, {}, [] {});
}

std::string read_to_end(int fd) {
  std::string bytes;
  std::array<char, 4096> piece;
  for (ssize_t size = 1; size > 0;) {
    size = ::read(fd, piece.data(), piece.size());
    if (size > 0) bytes.append(piece.data(), static_cast<std::size_t>(size));
  }
  return bytes;
}

// A run's first leg: the spec in by a pipe, the records out by one.
double time_of_cage(const std::string& message, CellRun& run) {
  auto in = base::sys::pipe().value();
  auto out = base::sys::pipe().value();
  const std::string cell = cell_path();
  std::string records;
  const double time = time_of(
      {cell.c_str()}, {{in.first.get(), 3}, {out.second.get(), 4}}, [&] {
        in.first.reset();
        out.second.reset();
        static_cast<void>(
            base::sys::write_all(in.second.get(), message, "spec"));
        records = read_to_end(out.first.get());
      });
  run = decode_run(records);
  return time;
}

// The last that this process may use.
int last_cpu() {
  cpu_set_t set;
  int last = -1;
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return last;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(static_cast<unsigned>(cpu), &set)) last = cpu;
  }
  return last;
}

// A later leg, from the nursery that a run has then, and on one CPU as there.
// `told`: until the runner has its result, and starts the next leg; the time
// returned is until nothing of it is left.
double time_of_later_cage(run::Nursery& nursery, const std::string& message,
                          double& told) {
  const std::uint64_t start = base::sys::monotonic_ns();
  const auto cell = nursery.spawn(0, last_cpu());
  if (!cell) return -1;
  static_cast<void>(base::sys::write_all(cell->spec.get(), message, "spec"));
  const CellRun run = decode_run(read_to_end(cell->events.get()));
  told = static_cast<double>(base::sys::monotonic_ns() - start) / 1e6;
  int status = 0;
  ::waitpid(cell->pid, &status, 0);
  if (!unlike_exit(run, 0).empty()) return -1;
  return static_cast<double>(base::sys::monotonic_ns() - start) / 1e6;
}

void print(const char* name, const std::vector<double>& times) {
  std::printf("%-22s %6.2f ms (least %.2f)\n", name, median(times),
              *std::min_element(times.begin(), times.end()));
}

int bench(int rounds, const std::string& image) {
  model::CageSpec spec = host_spec({"/bin/true"});
  spec.ops.clear();
  spec.directory = "/";
  if (!image.empty()) {
    spec.root = image;
    spec.root_is_host = false;
    spec.masks.clear();
  }
  const std::string root = image.empty() ? "/" : image;
  const std::vector<const char*> bubblewrap = {
      "bwrap", "--unshare-all", "--bind", root.c_str(), "/",    "--proc",
      "/proc", "--dev",         "/dev",   "--tmpfs",    "/tmp", "/bin/true"};
  const std::string body = wire::encode_spec(spec);
  std::string message;
  for (int shift = 0; shift < 32; shift += 8) {
    message.push_back(static_cast<char>(body.size() >> shift));
  }
  message += body;
  // Above what the cell takes over: dup2 must not hit a source.
  while (::dup(0) < 9) {
  }
  std::vector<double> bare;
  std::vector<double> cages;
  std::vector<double> bubbles;
  std::vector<double> later;
  std::vector<double> told;
  auto nursery = run::Nursery::start(cell_path());
  if (!nursery) {
    std::fprintf(stderr, "cage_bench: %s\n", nursery.error().message().c_str());
    return 1;
  }
  std::map<std::string, std::vector<double>> steps;
  for (int round = -3; round < rounds; ++round) {
    const double direct = time_of({"/bin/true"});
    CellRun run;
    const double cage = time_of_cage(message, run);
    if (const std::string wrong = unlike_exit(run, 0); !wrong.empty()) {
      std::fprintf(stderr, "cage_bench: %s\n", wrong.c_str());
      return 1;
    }
    const double bubble = time_of(bubblewrap);
    double known = 0;
    const double forked = time_of_later_cage(*nursery, message, known);
    if (round < 0) continue;  // warming up
    later.push_back(forked);
    told.push_back(known);
    bare.push_back(direct);
    cages.push_back(cage);
    if (bubble >= 0) bubbles.push_back(bubble);
    for (const wire::StepTime& step : run.up.steps) {
      steps[step.step].push_back(static_cast<double>(step.ns) / 1e3);
    }
    steps["= until the cage stands"].push_back(
        static_cast<double>(run.end.cage_ns) / 1e3);
    steps["= payload"].push_back(static_cast<double>(run.end.duration_ns) /
                                 1e3);
  }
  std::printf("rounds                 %d\n", rounds);
  print("/bin/true, bare", bare);
  print("in a run's first cage", cages);
  print("in a later cage", later);
  print("  until that is told", told);
  if (bubbles.empty()) {
    std::printf("bubblewrap             cannot run here\n");
  } else {
    print("/bin/true, in bwrap", bubbles);
    std::printf("first / bubblewrap     %.2f\n",
                median(cages) / median(bubbles));
    std::printf("later / bubblewrap     %.2f\n",
                median(later) / median(bubbles));
  }
  std::printf("\nsteps, median:\n");
  for (const auto& [name, times] : steps) {
    std::printf("  %-24s %8.1f us\n", name.c_str(), median(times));
  }
  return 0;
}

}  // namespace
}  // namespace driftcage::testing

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 100;
  return driftcage::testing::bench(rounds > 0 ? rounds : 100,
                                   argc > 2 ? argv[2] : "");
}
