// SPDX-License-Identifier: Apache-2.0
#include "harness/trace/credentials.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

namespace driftcage::trace {
namespace {

constexpr std::string_view kStatus =
    "Name:\tgo\nUid:\t1000\t1001\t1002\t1003\nGid:\t10\t11\t12\t13\n"
    "Groups:\t4 24 \nNSpid:\t7\nCapPrm:\t0000000000000006\n"
    "CapEff:\t0000000000000004\n";

Credentials user(uid_t uid, gid_t gid) {
  Credentials who;
  who.uid = uid;
  who.gid = gid;
  return who;
}

TEST(Credentials, OfTheFileSystemUser) {
  const Credentials who =
      parse_credentials(kStatus, "0 1003 1\n", "0 13 1\n", false);
  EXPECT_EQ(who.uid, 1003U);
  EXPECT_EQ(who.gid, 13U);
  EXPECT_EQ(who.groups, (std::vector<gid_t>{4, 24}));
  EXPECT_FALSE(who.override);
  EXPECT_TRUE(who.read_search);
}

TEST(Credentials, OfTheRealUser) {
  Credentials who = parse_credentials(kStatus, "0 1003 1\n", "0 13 1\n", true);
  EXPECT_EQ(who.uid, 1000U);
  EXPECT_FALSE(who.read_search);  // not root in its namespace
  who = parse_credentials(kStatus, "0 1000 1\n", "0 10 1\n", true);
  EXPECT_TRUE(who.override);
}

TEST(May, TakesTheFirstClassThatFits) {
  Credentials who = user(1, 2);
  who.groups = {3};
  EXPECT_FALSE(may(who, {1, 9, S_IFREG | 0077}, kRead));  // owner, no luck
  EXPECT_TRUE(may(who, {9, 3, S_IFREG | 0040}, kRead));
  EXPECT_FALSE(may(who, {9, 3, S_IFREG | 0004}, kRead));
  EXPECT_TRUE(may(who, {9, 9, S_IFREG | 0005}, kRead | kExecute));
}

TEST(May, CapabilitiesReachMappedFilesOnly) {
  Credentials who = user(1, 1);
  who.override = true;
  who.uids = {{1, 1}};
  who.gids = {{1, 1}};
  EXPECT_TRUE(may(who, {1, 1, S_IFREG}, kRead | kWrite));
  EXPECT_FALSE(may(who, {0, 0, S_IFREG}, kRead));
  EXPECT_FALSE(may(who, {1, 1, S_IFREG | 0600}, kExecute));
  EXPECT_TRUE(may(who, {1, 1, S_IFREG | 0001}, kExecute));
  EXPECT_TRUE(may(who, {1, 1, S_IFDIR}, kExecute | kWrite));
}

TEST(May, ReadSearchDoesNotWrite) {
  Credentials who = user(1, 1);
  who.read_search = true;
  who.uids = {{0, 4294967295}};
  who.gids = who.uids;
  EXPECT_TRUE(may(who, {0, 0, S_IFDIR}, kRead | kExecute));
  EXPECT_TRUE(may(who, {0, 0, S_IFREG}, kRead));
  EXPECT_FALSE(may(who, {0, 0, S_IFREG}, kWrite));
  EXPECT_FALSE(may(who, {0, 0, S_IFREG | 0100}, kExecute));
}

TEST(JudgedBy, SpeaksInTheCallersOwnIds) {
  Credentials who = user(1000, 1001);
  who.uids = {{1000, 10, 0}};
  who.gids = {{1000, 10, 5}};
  EXPECT_EQ(judged_by(who, {1003, 1000, S_IFREG | 04755}),
            "mode 4755, owner 3:5, caller 0:6");
  EXPECT_EQ(judged_by(who, {0, 2000, S_IFDIR}),
            "mode 0000, owner nobody(0):nobody(2000), caller 0:6");
}

}  // namespace
}  // namespace driftcage::trace
