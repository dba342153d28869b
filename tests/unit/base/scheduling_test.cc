// SPDX-License-Identifier: Apache-2.0
#include "harness/base/scheduling.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utility>

namespace driftcage::base {
namespace {

// A payload must not see that the runner asked for anything.
TEST(WakeSoon, ChildrenAreAsBefore) {
  const auto report = [] {
    return std::pair(::sched_getscheduler(0), ::getpriority(PRIO_PROCESS, 0));
  };
  const auto before = report();
  wake_soon();
  EXPECT_EQ(before.second, report().second);
  const pid_t child = ::fork();
  if (child == 0) ::_exit(report() == before ? 0 : 1);
  int status = -1;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace driftcage::base
