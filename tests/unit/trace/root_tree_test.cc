// SPDX-License-Identifier: Apache-2.0
#include "harness/trace/root_tree.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "harness/base/sys.h"

namespace driftcage::trace {
namespace {

namespace fs = std::filesystem;

class Fold : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = ::testing::TempDir() + "driftcage-fold-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    root_ = name;
    fs::create_directories(root_ / "work/app");
    fs::create_directories(root_ / "opt/real");
    // Absolute in the tree, not on this machine.
    fs::create_directory_symlink("/opt/real", root_ / "work/link");
    auto fd = base::sys::open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
    ASSERT_TRUE(fd);
    tree_ = RootTree(*std::move(fd));
  }
  void TearDown() override { fs::remove_all(root_); }

  fs::path root_;
  RootTree tree_;
};

TEST_F(Fold, TakesBackADirectory) {
  EXPECT_EQ(tree_.fold("/work/app/../other"), "/work/other");
  EXPECT_EQ(tree_.fold("/work/app/../../opt/x"), "/opt/x");
  EXPECT_EQ(tree_.fold("/work/app/.."), "/work");
  EXPECT_EQ(tree_.fold("/work/.."), "/");
}

TEST_F(Fold, StaysBelowTheRoot) {
  EXPECT_EQ(tree_.fold("/../../work/x"), "/work/x");
}

TEST_F(Fold, BelowALinkADirectoryIsADirectory) {
  fs::create_directory(root_ / "opt/real/sub");
  EXPECT_EQ(tree_.fold("/work/link/sub/../x"), "/work/link/x");
}

TEST_F(Fold, KeepsWhatTheKernelSeesOtherwise) {
  for (const char* path : {"/work/link/../x", "/work/none/../x",
                           "/work/none/../../x", "/work/link/../app/../x"}) {
    EXPECT_EQ(tree_.fold(path), path);
  }
}

}  // namespace
}  // namespace driftcage::trace
