// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

#include "harness/model/cage_spec.h"

// How many legs this machine carries at a time, and where they run.
namespace driftcage::run {

struct Capacity {
  std::vector<int> cpus;           // that this process may use
  double cpu_quota = 0;            // of the control group, in CPUs; 0: none
  std::uint64_t memory_bytes = 0;  // free for us; 0: unknown
  std::uint64_t open_files = 0;    // RLIMIT_NOFILE
};
// sched_getaffinity(2), cgroups(7), proc_meminfo(5), getrlimit(2).
[[nodiscard]] Capacity host_capacity();

struct Jobs {
  std::size_t count = 1;
  // What keeps it below the number of CPUs or below what was asked for:
  // "memory", "open files", "the CPU quota"; else empty.
  const char* capped_by = "";
};
// `asked` 0: one per CPU, as far as memory goes. A number that was asked for is
// only capped by what cannot work.
[[nodiscard]] Jobs choose_jobs(const Capacity& capacity, std::size_t asked);

// One place per job, each on a CPU of its own when pinned.
class Slots {
 public:
  // Pinning pays off when all CPUs have work anyway: across idle CPUs a stop of
  // the tracee costs many times more, but a lone leg would lose its threads.
  Slots(std::size_t jobs, std::size_t legs, std::vector<int> cpus);
  [[nodiscard]] bool available() const { return !free_.empty(); }
  std::size_t take();
  void give_back(std::size_t slot) { free_.insert(slot); }
  void pin(std::size_t slot, model::TraceSpec& trace) const;

 private:
  std::vector<int> cpus_;
  bool pinned_;
  std::set<std::size_t> free_;
};

}  // namespace driftcage::run
