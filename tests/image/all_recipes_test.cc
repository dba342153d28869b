// SPDX-License-Identifier: Apache-2.0
// Every shipped recipe of Debian packages, really built: what it promises in
// its name is in it, and a scenario tells the fault from the healthy image. The
// store is that of recipes_test.cc. Some gigabytes of downloads: only where
// DRIFTCAGE_ALL_RECIPES is set.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/image/image_test_kit.h"

namespace driftcage::image_test {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

std::vector<std::string> debian_recipes() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(
           std::string(DRIFTCAGE_SOURCE_DIR "/images"))) {
    const std::string text = cli_test::read_text(entry.path());
    if (text.find("\n[debian]\n") != std::string::npos)
      names.push_back(entry.path().stem());
  }
  std::sort(names.begin(), names.end());
  return names;
}

// "1.19" and "1.23" of "bookworm-go1.19-go1.23".
std::vector<std::string> versions_in(const std::string& name) {
  std::vector<std::string> versions;
  for (std::size_t at = name.find("-go"); at != std::string::npos;
       at = name.find("-go", at + 1)) {
    const std::size_t start = at + 3;
    versions.push_back(name.substr(start, name.find('-', start) - start));
  }
  return versions;
}

class AllRecipes : public StoreTest,
                   public ::testing::WithParamInterface<std::string> {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    if (std::getenv("DRIFTCAGE_ALL_RECIPES") == nullptr)
      GTEST_SKIP() << "downloads gigabytes; DRIFTCAGE_ALL_RECIPES=1 runs it";
    need_program("apt-get");
    setting_ = own();
    const char* home = std::getenv("HOME");
    const std::string build = DRIFTCAGE_BUILD_DIR;
    const bool writable = ::access(build.c_str(), W_OK) == 0;
    setting_.set["XDG_CACHE_HOME"] =
        (writable || home == nullptr ? build : std::string(home)) +
        "/image-store-" + std::to_string(::geteuid());
    setting_.set["DRIFTCAGE_IMAGES"] = DRIFTCAGE_SOURCE_DIR "/images";
    setting_.set["DRIFTCAGE_SCENARIOS"] = DRIFTCAGE_SOURCE_DIR "/scenarios";
  }
  Setting setting_;
};

TEST_P(AllRecipes, IsWhatItsNameSays) {
  const std::string& name = GetParam();
  const Outcome built = cli_test::driftcage({"image", "build", name}, setting_);
  ASSERT_EQ(built.code, 0) << built.err;
  const Outcome shown =
      cli_test::driftcage({"image", "inspect", "--json", name}, setting_);
  ASSERT_EQ(shown.code, 0) << shown.err;
  const json facts =
      json::parse(shown.out, nullptr, false).value("facts", json::object());
  const std::string toolchains = facts.value("go_toolchains", json()).dump();
  const auto versions = versions_in(name);
  for (const std::string& version : versions)
    EXPECT_THAT(toolchains, HasSubstr("\"" + version));
  EXPECT_EQ(facts.value("go_toolchains", json::array()).size(),
            versions.size());
  if (versions.empty()) return;

  const Outcome run = cli_test::driftcage(
      {"run", "--image", name, "go/goroot-missing", "go/path-missing-gcc"},
      setting_);
  EXPECT_EQ(run.code, 0) << run.out << run.err;
  EXPECT_THAT(run.out, ::testing::ContainsRegex("PASS +go/goroot-missing"));
  const bool slim =
      name.find("slim") != std::string::npos || name.starts_with("alpine");
  EXPECT_THAT(run.out, ::testing::ContainsRegex(
                           slim ? "SKIP +go/path-missing-gcc"
                                : "(PASS|SKIP) +go/path-missing-gcc"));
}

std::string test_name(const ::testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  for (char& c : name)
    if (c == '-' || c == '.') c = '_';
  return name;
}

INSTANTIATE_TEST_SUITE_P(Shipped, AllRecipes,
                         ::testing::ValuesIn(debian_recipes()), test_name);

}  // namespace
}  // namespace driftcage::image_test
