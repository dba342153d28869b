// SPDX-License-Identifier: Apache-2.0
#include "harness/run/capacity.h"

#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "harness/base/sys.h"

namespace driftcage::run {
namespace {

// A link step of a large Go program; most legs need far less.
constexpr std::uint64_t kMemoryPerLeg = 512u << 20;
// A running leg has four pipes, a pidfd and a trace file here; past the limit
// of open files legs would fail that have nothing to do with it.
constexpr std::uint64_t kFilesPerLeg = 9;
constexpr std::uint64_t kOtherFiles = 64;

std::vector<int> allowed_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<int> cpus;
  if (::sched_getaffinity(0, sizeof(set), &set) != 0) return {0};
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
  }
  return cpus;
}

std::string small_file(const std::string& path) {
  const auto text = base::sys::read_file(path, 1u << 16);
  return text ? *text : std::string();
}

std::uint64_t available_memory() {
  constexpr std::string_view kName = "MemAvailable:";
  const std::string text = small_file("/proc/meminfo");
  const std::size_t at = text.find(kName);
  if (at == std::string::npos) return 0;
  return std::strtoull(text.c_str() + at + kName.size(), nullptr, 10) << 10;
}

// The folder of this process's control group, version 2.
std::string group_folder() {
  const std::string text = small_file("/proc/self/cgroup");
  const std::size_t at = text.find("0::");
  if (at == std::string::npos) return {};
  return "/sys/fs/cgroup" + text.substr(at + 3, text.find('\n', at) - at - 3);
}

void limit_by_groups(Capacity& capacity) {
  constexpr std::string_view kTop = "/sys/fs/cgroup";
  std::string folder = group_folder();
  while (folder.size() > kTop.size()) {
    if (folder.back() == '/') folder.pop_back();
    const std::string memory = small_file(folder + "/memory.max");
    if (!memory.empty() && memory[0] != 'm') {
      const std::uint64_t max = std::strtoull(memory.c_str(), nullptr, 10);
      const std::uint64_t used = std::strtoull(
          small_file(folder + "/memory.current").c_str(), nullptr, 10);
      const std::uint64_t left = max > used ? max - used : 1;
      if (capacity.memory_bytes == 0 || left < capacity.memory_bytes) {
        capacity.memory_bytes = left;
      }
    }
    const std::string cpu = small_file(folder + "/cpu.max");
    if (!cpu.empty() && cpu[0] != 'm') {
      char* rest = nullptr;
      const double quota = std::strtod(cpu.c_str(), &rest);
      const double period = std::strtod(rest, nullptr);
      const double cpus = period > 0 ? quota / period : 0;
      if (cpus > 0 && (capacity.cpu_quota == 0 || cpus < capacity.cpu_quota)) {
        capacity.cpu_quota = cpus;
      }
    }
    folder.resize(folder.rfind('/'));
  }
}

}  // namespace

Capacity host_capacity() {
  Capacity capacity;
  capacity.cpus = allowed_cpus();
  capacity.memory_bytes = available_memory();
  struct ::rlimit limit {};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    capacity.open_files = limit.rlim_cur;
  }
  limit_by_groups(capacity);
  return capacity;
}

Jobs choose_jobs(const Capacity& capacity, std::size_t asked) {
  Jobs jobs;
  jobs.count =
      asked > 0 ? asked : std::max<std::size_t>(1, capacity.cpus.size());
  const auto cap = [&](std::uint64_t most, const char* why) {
    most = std::max<std::uint64_t>(1, most);
    if (most >= jobs.count) return;
    jobs.count = static_cast<std::size_t>(most);
    jobs.capped_by = why;
  };
  if (asked == 0) {
    if (capacity.cpu_quota > 0) {
      cap(static_cast<std::uint64_t>(std::ceil(capacity.cpu_quota)),
          "the CPU quota");
    }
    if (capacity.memory_bytes > 0) {
      cap(capacity.memory_bytes / kMemoryPerLeg, "memory");
    }
  }
  const std::uint64_t files = capacity.open_files;
  cap(files > kOtherFiles ? (files - kOtherFiles) / kFilesPerLeg : 1,
      "open files");
  return jobs;
}

Slots::Slots(std::size_t jobs, std::size_t legs, std::vector<int> cpus)
    : cpus_(std::move(cpus)),
      pinned_(jobs >= cpus_.size() && legs >= cpus_.size()) {
  for (std::size_t i = 0; i < jobs; ++i) free_.insert(i);
}

std::size_t Slots::take() {
  assert(!free_.empty());
  const std::size_t slot = *free_.begin();
  free_.erase(free_.begin());
  return slot;
}

void Slots::pin(std::size_t slot, model::TraceSpec& trace) const {
  trace.pin_cpu = pinned_;
  trace.cpu = pinned_ ? cpus_[slot % cpus_.size()] : -1;
}

}  // namespace driftcage::run
