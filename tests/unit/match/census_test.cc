// SPDX-License-Identifier: Apache-2.0
#include "harness/match/census.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace driftcage::match {
namespace {

model::Event event(const std::string& path, int err = 0) {
  model::Event made;
  made.syscall = model::Syscall::Openat;
  made.path = made.abs = path;
  made.err = err;
  return made;
}

TEST(Census, CountsCallsWithPathAndResult) {
  Census a;
  Census b;
  for (Census* one : {&a, &b}) {
    one->add(event("/x"));
    one->add(event("/x"));
  }
  EXPECT_TRUE(a.differences(b).empty());
  EXPECT_EQ(a.calls(), 2u);
  a.add(event("/x"));
  b.add(event("/y", ENOENT));
  const auto found = a.differences(b);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].call, "openat /x = ok");
  EXPECT_EQ(found[0].here, 3u);
  EXPECT_EQ(found[0].there, 2u);
  EXPECT_EQ(found[1].call, "openat /y = ENOENT");
  EXPECT_EQ(found[1].there, 1u);
}

TEST(Census, NumbersDifferFromRunToRun) {
  Census a;
  Census b;
  a.add(event("/proc/17/go-build123/b001"));
  b.add(event("/proc/9/go-build4/b1"));
  EXPECT_TRUE(a.differences(b).empty());
  b.add(event("/proc/self"));
  EXPECT_FALSE(a.differences(b).empty());
}

}  // namespace
}  // namespace driftcage::match
