// SPDX-License-Identifier: Apache-2.0
#include "harness/cage/mountinfo.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace driftcage::cage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Mountinfo, ReadsMountPointTypeAndSource) {
  EXPECT_THAT(
      parse_mountinfo("26 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard\n"
                      "21 26 0:20 / /proc rw shared:5 master:1 - proc proc rw\n"
                      "99 26 8:1 /sub /srv/with\\040space\\011tab ro - xfs "
                      "/dev/a\\134b rw\n"),
      ElementsAre(MountEntry{"/", "ext4", "/dev/vda"},
                  MountEntry{"/proc", "proc", "proc"},
                  MountEntry{"/srv/with space\ttab", "xfs", "/dev/a\\b"}));
}

TEST(Mountinfo, LeavesOutWhatIsNoMount) {
  EXPECT_THAT(parse_mountinfo(""), IsEmpty());
  EXPECT_THAT(parse_mountinfo("garbage\n1 2 3\n26 1 254:0 / / rw - \n"),
              IsEmpty());
  EXPECT_THAT(parse_mountinfo("4 4 0:4 net:[4026] relative rw - nsfs nsfs rw"),
              IsEmpty());
}

TEST(Mountinfo, LastLineNeedsNoNewline) {
  EXPECT_EQ(parse_mountinfo("26 1 254:0 / /a rw - ext4 x rw").size(), 1u);
}

TEST(Mountinfo, KernelViewsAreNoFiles) {
  for (const char* type : {"proc", "sysfs", "cgroup2", "devtmpfs", "autofs"}) {
    EXPECT_TRUE(is_kernel_view(type)) << type;
  }
  for (const char* type : {"ext4", "tmpfs", "overlay", "nfs4", "fuse.sshfs"}) {
    EXPECT_FALSE(is_kernel_view(type)) << type;
  }
}

}  // namespace
}  // namespace driftcage::cage
