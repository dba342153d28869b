// SPDX-License-Identifier: Apache-2.0
#include "harness/base/sys.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "harness/base/unique_fd.h"

namespace driftcage::base {
namespace {

class Sys : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "driftcage-sys-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string folder_;
};

TEST_F(Sys, WritesAndReadsBytes) {
  const std::string bytes("a\0b\xff\n", 5);
  ASSERT_TRUE(sys::write_file(folder_ + "/f", bytes));
  EXPECT_EQ(sys::read_file(folder_ + "/f"), bytes);
}

TEST_F(Sys, ReadRefusesMoreThanItsLimit) {
  ASSERT_TRUE(sys::write_file(folder_ + "/f", std::string(100, 'x')));
  const auto result = sys::read_file(folder_ + "/f", 99);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().err, EFBIG);
  EXPECT_EQ(sys::read_file(folder_ + "/f", 100)->size(), 100u);
}

TEST_F(Sys, ReplaceLeavesNoSibling) {
  ASSERT_TRUE(sys::write_file(folder_ + "/f", "old"));
  ASSERT_TRUE(sys::replace_file(folder_ + "/f", "new"));
  EXPECT_EQ(sys::read_file(folder_ + "/f"), "new");
  const auto entries = std::filesystem::directory_iterator(folder_);
  EXPECT_EQ(std::distance(begin(entries), end(entries)), 1);
  const auto failed = sys::replace_file(folder_ + "/no/f", "new");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().err, ENOENT);
}

TEST_F(Sys, MakeDirectoriesNamesTheComponentInTheWay) {
  ASSERT_TRUE(sys::make_directories(folder_ + "/a/b/c", 0755));
  ASSERT_TRUE(sys::make_directories(folder_ + "/a/b/c", 0755));
  ASSERT_TRUE(sys::write_file(folder_ + "/a/f", ""));
  const auto blocked = sys::make_directories(folder_ + "/a/f", 0755);
  ASSERT_FALSE(blocked);
  EXPECT_EQ(blocked.error().err, ENOTDIR);
}

TEST_F(Sys, DescriptorsAreBornCloseOnExec) {
  const auto file = sys::open("/dev/null", O_RDONLY);
  ASSERT_TRUE(file);
  EXPECT_EQ(::fcntl(file->get(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
  const auto ends = sys::pipe();
  ASSERT_TRUE(ends);
  EXPECT_EQ(::fcntl(ends->first.get(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
  EXPECT_EQ(::fcntl(ends->second.get(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

TEST(UniqueFd, MoveLeavesNothingToCloseTwice) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  UniqueFd first(ends[0]);
  const UniqueFd other_end(ends[1]);
  UniqueFd second(std::move(first));
  EXPECT_EQ(second.get(), ends[0]);
  second.reset();
  EXPECT_FALSE(second);
  EXPECT_EQ(::fcntl(ends[0], F_GETFD), -1);
}

}  // namespace
}  // namespace driftcage::base
