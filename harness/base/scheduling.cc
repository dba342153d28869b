// SPDX-License-Identifier: Apache-2.0
#include "harness/base/scheduling.h"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace driftcage::base {
namespace {

// Not in all C libraries; the kernel's header and theirs exclude each other.
struct SchedulerAttributes {
  std::uint32_t size = sizeof(SchedulerAttributes);
  std::uint32_t policy = 0;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime_ns = 0;
  std::uint64_t deadline_ns = 0;
  std::uint64_t period_ns = 0;
};
constexpr std::uint64_t kResetOnFork = 1;
constexpr std::uint64_t kShortestSlice = 100'000;

}  // namespace

void wake_soon() {
  SchedulerAttributes attributes;
  const bool known =
      ::syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) == 0;
  // What is forked would lose a higher priority that somebody gave us.
  if (!known || attributes.policy != SCHED_OTHER || attributes.nice < 0) return;
  attributes.flags |= kResetOnFork;
  attributes.runtime_ns = kShortestSlice;
  ::syscall(SYS_sched_setattr, 0, &attributes, 0);
}

}  // namespace driftcage::base
