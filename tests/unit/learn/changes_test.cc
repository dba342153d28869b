// SPDX-License-Identifier: Apache-2.0
#include "harness/learn/changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/unit/learn/lessons.h"

namespace driftcage::learn {
namespace {

namespace fs = std::filesystem;
namespace op = model::op;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

// The test's own process stands for one in a cage.
class Cage : public ::testing::Test {
 protected:
  Cage() {
    std::string name = ::testing::TempDir() + "/cage-XXXXXX";
    folder_ = fs::canonical(::mkdtemp(name.data())).string();
    places_.trees = {folder_};
    places_.without = {folder_ + "/cache"};
    write("old", "1\n");
    write("gone", "2\n");
    write("cache/x", "3\n");
    write("folder/inner", "4\n");
    before_ = take_snapshot(::getpid(), places_).value();
  }
  ~Cage() override { fs::remove_all(folder_); }
  void write(const std::string& name, const std::string& text) const {
    fs::create_directories(fs::path(folder_ + "/" + name).parent_path());
    std::ofstream(folder_ + "/" + name) << text;
  }
  [[nodiscard]] Changes changes() const {
    Changes found;
    const auto after = take_snapshot(::getpid(), places_).value();
    EXPECT_TRUE(compare_files(::getpid(), before_, after, &found));
    return found;
  }
  std::string folder_;
  Places places_;
  Snapshot before_;
};

TEST_F(Cage, NothingDoneIsNothingChanged) {
  write("cache/y", "a cache is nobody's work");
  EXPECT_THAT(changes().paths, IsEmpty());
  EXPECT_THAT(changes().ops, IsEmpty());
}

TEST_F(Cage, WhatWasDoneCanBeDoneAgain) {
  fs::remove(folder_ + "/gone");
  write("old", "other text\n");
  write("new/file", "n\n");
  fs::create_symlink("old", folder_ + "/link");
  ASSERT_EQ(::chmod((folder_ + "/folder/inner").c_str(), 0600), 0);
  const Changes found = changes();
  EXPECT_THAT(found.paths, UnorderedElementsAre(
                               folder_ + "/gone", folder_ + "/old",
                               folder_ + "/new", folder_ + "/new/file",
                               folder_ + "/link", folder_ + "/folder/inner"));
  const auto has = [&](const model::CageOp& wanted) {
    EXPECT_THAT(found.ops, Contains(wanted));
  };
  has(op::Hide{folder_ + "/gone"});
  has(op::WriteFile{folder_ + "/old", "other text\n", 0644});
  has(op::WriteFile{folder_ + "/new/file", "n\n", 0644});
  has(op::MakeDirectory{folder_ + "/new", 0755});
  has(op::MakeSymlink{folder_ + "/link", "old"});
  has(op::WriteFile{folder_ + "/folder/inner", "4\n", 0600});
}

TEST_F(Cage, AFolderThatGoesIsHiddenOnce) {
  fs::remove_all(folder_ + "/folder");
  EXPECT_THAT(changes().ops,
              ElementsAre(model::CageOp(op::Hide{folder_ + "/folder"})));
}

TEST_F(Cage, WhatComesIntoSightIsNotNew) {
  if (::geteuid() == 0) GTEST_SKIP() << "root sees everything";
  ASSERT_EQ(::chmod((folder_ + "/folder").c_str(), 0600), 0);
  before_ = take_snapshot(::getpid(), places_).value();
  ASSERT_EQ(::chmod((folder_ + "/folder").c_str(), 0755), 0);
  EXPECT_THAT(changes().paths, ElementsAre(folder_ + "/folder"));
}

TEST(Environments, WhatAShellSetsByItselfIsNoChange) {
  Changes found;
  compare_environments(
      {{"A", "1"}, {"B", "2"}, {"PWD", "/work"}, {"_", "x"}},
      {{"A", "3"}, {"C", ""}, {"PWD", "/"}, {"OLDPWD", "/work"}, {"_", "y"}},
      &found);
  EXPECT_THAT(found.set, ElementsAre(Pair("A", "3"), Pair("C", "")));
  EXPECT_THAT(found.unset, ElementsAre("B"));
  EXPECT_THAT(environment_map({"A=1=2", "nonsense", "A=3"}),
              ElementsAre(Pair("A", "1=2")));
}

TEST(Places, AreThoseThatTheScenarioIsAbout) {
  auto scenario = lesson("x/a");
  scenario.faults[0].effects.hide = {"/opt/tool/bin/x", "data"};
  const Places places =
      places_of(scenario, {{"WORK", "/work"}, {"GOCACHE", "/home/cage/c"}});
  EXPECT_THAT(places.trees, ElementsAre("/work", "/home/cage", "/tmp"));
  EXPECT_THAT(places.folders, ElementsAre("/opt/tool/bin"));
  EXPECT_THAT(places.without, ElementsAre("/home/cage/c"));
}

}  // namespace
}  // namespace driftcage::learn
