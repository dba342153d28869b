// SPDX-License-Identifier: Apache-2.0
#include "runner/catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace driftcage::runner {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A project with four scenario files, as the working directory.
class Catalog : public ::testing::Test {
 protected:
  Catalog() : before_(fs::current_path()) {
    std::string pattern = (fs::temp_directory_path() / "catalogXXXXXX");
    folder_ = fs::canonical(::mkdtemp(pattern.data()));
    for (const char* name :
         {"scenarios/elf/no-loader.toml", "scenarios/go/goenv-off.toml",
          "scenarios/go/goroot-missing.toml", "scenarios/top.toml",
          "scenarios/.git/x.toml"})
      write(name, "schema = 1\n");
    write("scenarios/README.md", "no scenario");
    fs::current_path(folder_);
    ::unsetenv("DRIFTCAGE_SCENARIOS");
  }
  ~Catalog() override {
    fs::current_path(before_);
    fs::remove_all(folder_);
    ::unsetenv("DRIFTCAGE_SCENARIOS");
  }

  void write(const std::string& name, const std::string& text) const {
    const fs::path path = folder_ / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }

  static std::vector<std::string> ids(
      const std::vector<std::string>& arguments) {
    const auto selection = select_scenarios(arguments);
    if (!selection) return {"error: " + selection.error().message()};
    std::vector<std::string> names;
    for (const ScenarioFile& file : selection->files) names.push_back(file.id);
    return names;
  }

  fs::path before_;
  fs::path folder_;
};

TEST_F(Catalog, NoArgumentMeansAll) {
  EXPECT_THAT(ids({}), ElementsAre("elf/no-loader", "go/goenv-off",
                                   "go/goroot-missing", "top"));
}

TEST_F(Catalog, PathsAreShownRelative) {
  const auto selection = select_scenarios({"top"});
  ASSERT_TRUE(selection);
  EXPECT_THAT(selection->files,
              ElementsAre(ScenarioFile{"scenarios/top.toml", "top"}));
}

TEST_F(Catalog, AnIdAFolderAndAGlobSelect) {
  EXPECT_THAT(ids({"go/goenv-off"}), ElementsAre("go/goenv-off"));
  EXPECT_THAT(ids({"go"}), ElementsAre("go/goenv-off", "go/goroot-missing"));
  EXPECT_THAT(ids({"go/"}), ElementsAre("go/goenv-off", "go/goroot-missing"));
  EXPECT_THAT(ids({"*-missing"}), ElementsAre("go/goroot-missing"));
}

TEST_F(Catalog, AFileAndAFolderOnDiskSelect) {
  EXPECT_THAT(ids({"scenarios/go/goenv-off.toml"}),
              ElementsAre("go/goenv-off"));
  EXPECT_THAT(ids({"./scenarios/elf"}), ElementsAre("elf/no-loader"));
  EXPECT_THAT(ids({(folder_ / "scenarios/top.toml").string()}),
              ElementsAre("top"));
}

TEST_F(Catalog, AFileOutsideAFolderOfScenariosHasNoIdOfItsPlace) {
  write("lonely.toml", "schema = 1\n");
  EXPECT_THAT(ids({"lonely.toml"}), ElementsAre(""));
}

TEST_F(Catalog, AnIdWinsOverAFolderOnDisk) {
  write("go/other.toml", "schema = 1\n");
  EXPECT_THAT(ids({"go"}), ElementsAre("go/goenv-off", "go/goroot-missing"));
  EXPECT_THAT(ids({"./go"}), ElementsAre(""));
}

TEST_F(Catalog, EachFileIsTakenOnce) {
  EXPECT_THAT(ids({"top", "./scenarios/top.toml", "t*"}), ElementsAre("top"));
}

TEST_F(Catalog, AnUnknownIdSelectsNothingAndNamesTheNearest) {
  const auto selection = select_scenarios({"top", "go/goenv-of"});
  ASSERT_TRUE(selection);
  EXPECT_THAT(selection->nothing.message(), HasSubstr("go/goenv-of"));
  EXPECT_THAT(selection->nothing.hint, HasSubstr("go/goenv-off"));
}

TEST_F(Catalog, AMissingFileSelectsNothing) {
  const auto selection = select_scenarios({"./absent.toml"});
  ASSERT_TRUE(selection);
  EXPECT_THAT(selection->files, IsEmpty());
  EXPECT_EQ(selection->nothing.err, ENOENT);
}

TEST_F(Catalog, TheFolderIsFoundFromBelow) {
  fs::create_directories(folder_ / "deep/er");
  fs::current_path(folder_ / "deep/er");
  EXPECT_EQ(find_scenarios().value_or(""), (folder_ / "scenarios").string());
}

TEST_F(Catalog, AFolderOfThatNameWithoutScenariosIsPassedOver) {
  fs::create_directories(folder_ / "deep/scenarios");
  fs::current_path(folder_ / "deep");
  EXPECT_EQ(find_scenarios().value_or(""), (folder_ / "scenarios").string());
}

TEST_F(Catalog, TheVariableNamesAFolderOfAnyName) {
  write("mine/own.toml", "schema = 1\n");
  ::setenv("DRIFTCAGE_SCENARIOS", (folder_ / "mine").c_str(), 1);
  EXPECT_THAT(ids({}), ElementsAre("own"));
  ::setenv("DRIFTCAGE_SCENARIOS", (folder_ / "absent").c_str(), 1);
  EXPECT_THAT(find_scenarios().error().hint, HasSubstr("DRIFTCAGE_SCENARIOS"));
}

TEST_F(Catalog, AllMistakesOfAllFilesComeAtOnce) {
  write("scenarios/bad/a.toml", "schema = 1\ncolour = 3\n");
  write("scenarios/bad/b.toml", "schema = [\n");
  const auto selection = select_scenarios({"bad"});
  ASSERT_TRUE(selection);
  const Loaded loaded = load_scenarios(selection->files);
  EXPECT_GE(loaded.mistakes, 2u);
  EXPECT_THAT(loaded.report, HasSubstr("scenarios/bad/a.toml:2:1: error: "));
  EXPECT_THAT(loaded.report, HasSubstr("scenarios/bad/b.toml:"));
  EXPECT_THAT(loaded.scenarios, IsEmpty());
}

TEST_F(Catalog, AnUnreadableFileIsAMistake) {
  const Loaded loaded = load_scenarios({{"scenarios/absent.toml", "absent"}});
  EXPECT_EQ(loaded.mistakes, 1u);
  EXPECT_THAT(loaded.report, HasSubstr("ENOENT"));
}

}  // namespace
}  // namespace driftcage::runner
