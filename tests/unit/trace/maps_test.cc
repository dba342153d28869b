// SPDX-License-Identifier: Apache-2.0
#include "harness/trace/maps.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>

namespace driftcage::trace {
namespace {

TEST(Maps, PartsOfOneFileAreOneEntry) {
  const auto files = parse_maps(
      "55d0-55d2 r--p 00000000 08:01 1234                       /usr/bin/cat\n"
      "55d2-55d6 r-xp 00002000 08:01 1234                       /usr/bin/cat\n"
      "55e0-55f0 rw-p 00000000 00:00 0                          [heap]\n"
      "7f00-7f10 rw-p 00000000 00:00 0 \n"
      "7f20-7f30 rw-s 00000000 00:05 77                 /dev/shm/a b "
      "(deleted)\n");
  ASSERT_EQ(files.size(), 2u);
  EXPECT_EQ(files[0].path, "/usr/bin/cat");
  // Never writable and executable at once.
  EXPECT_EQ(files[0].rights, 1U << PROT_READ | 1U << (PROT_READ | PROT_EXEC));
  EXPECT_EQ(files[0].file, (model::FileId{makedev(8, 1), 1234, false}));
  EXPECT_EQ(files[1].path, "/dev/shm/a b");
  EXPECT_TRUE(files[1].file.deleted);
}

TEST(Maps, NewlinesInNames) {
  const auto files = parse_maps("1-2 r--p 0 fe:0a 5   /a\\012b\n");
  ASSERT_EQ(files.size(), 1u);
  EXPECT_EQ(files[0].path, "/a\nb");
  EXPECT_EQ(files[0].file.device, makedev(0xfe, 0x0a));
}

TEST(Maps, NonsenseIsSkipped) {
  for (const char* text :
       {"", "\n\n", "x", "1-2 r 0 08:01 5 /a", "1-2 r--p 0 0801 5 /a",
        "1-2 r--p 0 08:01 x /a", "1-2 r--p 0 08:01 5", "\xff\0 "}) {
    EXPECT_TRUE(parse_maps(text).empty()) << text;
  }
}

}  // namespace
}  // namespace driftcage::trace
