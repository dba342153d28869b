// SPDX-License-Identifier: Apache-2.0
#include "harness/cage/program.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace driftcage::cage {
namespace {

namespace fs = std::filesystem;

class ProgramSearch : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = ::testing::TempDir() + "driftcage-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    dir_ = name;
    for (const char* sub : {"first", "second"})
      fs::create_directory(dir_ / sub);
    make("first/plain", 0644);
    make("second/tool", 0755);
    fs::create_directory(dir_ / "first/tool");
  }
  void TearDown() override { fs::remove_all(dir_); }

  void make(const std::string& name, mode_t mode) const {
    std::ofstream(dir_ / name) << "x";
    ::chmod((dir_ / name).c_str(), mode);
  }
  [[nodiscard]] int find(const std::string& name) const {
    const std::vector<std::string> argv = {name};
    const std::map<std::string, std::string> environment = {
        {"PATH",
         (dir_ / "first").string() + ":/none:" + (dir_ / "second").string()}};
    return Program(argv, environment).find();
  }

  fs::path dir_;
};

TEST_F(ProgramSearch, SkipsDirectoriesAndGoesOn) { EXPECT_EQ(find("tool"), 0); }

TEST_F(ProgramSearch, RemembersWhatMayNotBeRun) {
  EXPECT_EQ(find("plain"), EACCES);
  EXPECT_EQ(find("nothing"), ENOENT);
  EXPECT_EQ(find(""), ENOENT);
}

TEST_F(ProgramSearch, LeavesPathsToTheKernel) {
  EXPECT_EQ(find("./nothing"), 0);
}

TEST_F(ProgramSearch, HasADefaultPath) {
  const std::vector<std::string> argv = {"sh"};
  EXPECT_EQ(Program(argv, {}).find(), 0);
}

}  // namespace
}  // namespace driftcage::cage
