// SPDX-License-Identifier: Apache-2.0
#include "harness/run/capacity.h"

#include <gtest/gtest.h>

namespace driftcage::run {
namespace {

Capacity machine(std::size_t cpus) {
  Capacity capacity;
  for (std::size_t i = 0; i < cpus; ++i) {
    capacity.cpus.push_back(static_cast<int>(i));
  }
  capacity.memory_bytes = 64ull << 30;
  capacity.open_files = 1024;
  return capacity;
}

TEST(ChooseJobs, OnePerCpu) {
  EXPECT_EQ(choose_jobs(machine(8), 0).count, 8u);
  EXPECT_STREQ(choose_jobs(machine(8), 0).capped_by, "");
}

TEST(ChooseJobs, MemoryCapsTheDefaultOnly) {
  Capacity capacity = machine(16);
  capacity.memory_bytes = 2ull << 30;
  EXPECT_EQ(choose_jobs(capacity, 0).count, 4u);
  EXPECT_STREQ(choose_jobs(capacity, 0).capped_by, "memory");
  EXPECT_EQ(choose_jobs(capacity, 12).count, 12u);
  capacity.memory_bytes = 1;
  EXPECT_EQ(choose_jobs(capacity, 0).count, 1u);
  capacity.memory_bytes = 0;  // unknown
  EXPECT_EQ(choose_jobs(capacity, 0).count, 16u);
}

TEST(ChooseJobs, AQuotaOfOneAndAHalfCpusIsTwoJobs) {
  Capacity capacity = machine(16);
  capacity.cpu_quota = 1.5;
  EXPECT_EQ(choose_jobs(capacity, 0).count, 2u);
}

TEST(ChooseJobs, OpenFilesCapEverything) {
  Capacity capacity = machine(2);
  capacity.open_files = 64 + 9 * 3;
  EXPECT_EQ(choose_jobs(capacity, 100).count, 3u);
  capacity.open_files = 10;
  EXPECT_EQ(choose_jobs(capacity, 0).count, 1u);
}

TEST(HostCapacity, KnowsThisMachine) {
  const Capacity capacity = host_capacity();
  EXPECT_FALSE(capacity.cpus.empty());
  EXPECT_GT(capacity.memory_bytes, 0u);
  EXPECT_GT(capacity.open_files, 0u);
}

TEST(Slots, PinWhenAllCpusHaveWork) {
  model::TraceSpec trace;
  Slots few(2, 1, {4, 5});
  few.pin(few.take(), trace);
  EXPECT_FALSE(trace.pin_cpu);
  Slots enough(2, 2, {4, 5});
  enough.take();
  enough.pin(enough.take(), trace);
  EXPECT_TRUE(trace.pin_cpu);
  EXPECT_EQ(trace.cpu, 5);
  EXPECT_FALSE(enough.available());
  enough.give_back(0);
  EXPECT_TRUE(enough.available());
}

}  // namespace
}  // namespace driftcage::run
