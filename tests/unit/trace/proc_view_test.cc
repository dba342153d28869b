// SPDX-License-Identifier: Apache-2.0
#include "harness/trace/proc_view.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace driftcage::trace {
namespace {

TEST(StatusIds, NestedNamespaces) {
  const StatusIds ids = parse_status_ids(
      "Name:\ta Tgid: 5\nTgid:\t301\nNgid:\t0\nPPid:\t300\n"
      "NStgid:\t301\t2\nNSpid:\t302\t3\t1\nNSpgid:\t9\n");
  EXPECT_EQ(ids.tgid, 301);
  EXPECT_EQ(ids.parent, 300);
  EXPECT_EQ(ids.nested, (std::vector<pid_t>{302, 3, 1}));
}

TEST(StatusIds, Nonsense) {
  EXPECT_EQ(parse_status_ids("").tgid, 0);
  EXPECT_TRUE(parse_status_ids("NSpid:\n").nested.empty());
  // Found by fuzz_proc: this ran forever.
  EXPECT_EQ(parse_status_ids("NSpid:\tx7 y").nested, std::vector<pid_t>{7});
  EXPECT_EQ(parse_status_ids("Tgid:\tx\nTgid").tgid, 0);
}

TEST(ProcView, ReadsThisProcess) {
  const ProcView self(getpid());
  ASSERT_TRUE(self.is_open());
  std::string text;
  ASSERT_TRUE(self.link("exe", text));
  EXPECT_NE(text.find("unit_trace"), std::string::npos);
  ASSERT_TRUE(self.file("status", text));
  EXPECT_EQ(parse_status_ids(text).tgid, getpid());
  const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  ASSERT_TRUE(self.fd_link(fd, text));
  EXPECT_EQ(text, "/dev/null");
  close(fd);
  EXPECT_FALSE(self.fd_link(fd, text));
}

}  // namespace
}  // namespace driftcage::trace
