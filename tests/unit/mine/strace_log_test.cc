// SPDX-License-Identifier: Apache-2.0
#include "harness/mine/strace_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace driftcage::mine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(StraceLog, AProgramThatIsOnNoPath) {
  const StraceLog log = read_strace_log(
      R"(execve("/usr/bin/go", ["go", "build", "."], 0x7ffd /* 30 vars */) = 0
[pid  12] newfstatat(AT_FDCWD, "/usr/bin/gcc", 0xc000, 0) = -1 ENOENT (No such file or directory)
[pid  12] newfstatat(AT_FDCWD, "/bin/gcc", 0xc000, 0) = -1 ENOENT (No such file or directory)
[pid  12] write(2, "cgo: C compiler \"gcc\" not found\n", 32) = 32
+++ exited with 1 +++
)");
  EXPECT_THAT(log.command, ElementsAre("go", "build", "."));
  EXPECT_EQ(log.calls, 4u);
  ASSERT_FALSE(log.suspects.empty());
  EXPECT_THAT(log.suspects[0].effects, ElementsAre(Pair("path-drop", "gcc")));
}

TEST(StraceLog, WhatTheMessageNamesComesFirst) {
  const StraceLog log = read_strace_log(
      R"(10 12:00:01.5 openat(AT_FDCWD, "/etc/data.conf", O_RDONLY) = -1 ENOENT (No such file or directory)
10 12:00:01.6 openat(AT_FDCWD, "/etc/other", O_RDONLY) = -1 ENOENT (No such file or directory)
10 12:00:01.7 write(2, "cannot open data.conf\n", 22) = 22
)");
  ASSERT_EQ(log.suspects.size(), 2u);
  EXPECT_THAT(log.suspects[0].effects,
              ElementsAre(Pair("hide", "/etc/data.conf")));
}

TEST(StraceLog, InterruptedCallsArePutTogether) {
  const StraceLog log = read_strace_log(
      R"([pid 7] openat(AT_FDCWD, "/etc/x", O_RDONLY <unfinished ...>
[pid 8] close(3) = 0
[pid 7] <... openat resumed>) = -1 EACCES (Permission denied)
)");
  ASSERT_EQ(log.suspects.size(), 1u);
  EXPECT_THAT(log.suspects[0].effects, ElementsAre(Pair("chmod", "/etc/x:0000"),
                                                   Pair("user", "nobody")));
}

TEST(StraceLog, OtherErrors) {
  const auto first = [](const std::string& line) {
    const StraceLog log = read_strace_log(line);
    return log.suspects.empty() ? std::string()
                                : log.suspects[0].effects[0].first + " " +
                                      log.suspects[0].effects[0].second;
  };
  EXPECT_EQ(first("clone3({flags=0}, 88) = -1 EPERM (no)"),
            "inject clone3:EPERM");
  EXPECT_EQ(first("openat(AT_FDCWD, \"/a/b\", O_RDWR) = -1 EMFILE (x)"),
            "limit-nofile 16");
  EXPECT_EQ(first("write(3, \"x\", 1) = -1 ENOSPC (No space)"),
            "mount $TMP:size=64KiB");
  EXPECT_EQ(first("openat(AT_FDCWD, \"/var/x\", O_RDWR) = -1 EROFS (x)"),
            "mount /var:ro");
}

TEST(StraceLog, ThePrivateAndTheUsualAreNoSuspects) {
  EXPECT_THAT(read_strace_log(
                  "access(\"/etc/ld.so.preload\", R_OK) = -1 ENOENT (x)\n"
                  "openat(AT_FDCWD, \"/home/me/x\", O_RDONLY) = -1 ENOENT (x)\n"
                  "openat(AT_FDCWD, \"go.mod\", O_RDONLY) = -1 ENOENT (x)\n")
                  .suspects,
              IsEmpty());
}

TEST(StraceLog, AnythingElseIsNoLog) {
  EXPECT_EQ(read_strace_log("hello\n\xff\xfe (((\n").calls, 0u);
  EXPECT_EQ(read_strace_log("").calls, 0u);
}

}  // namespace
}  // namespace driftcage::mine
