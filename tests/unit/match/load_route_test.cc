// SPDX-License-Identifier: Apache-2.0
#include "harness/match/load_route.h"

#include <gtest/gtest.h>

#include <optional>

namespace driftcage::match {
namespace {

using Rule = std::optional<std::string_view>;

LoadPlan plan_of(std::vector<LoadPlace> lists) {
  LoadPlan plan;
  plan.lists = std::move(lists);
  plan.library = true;
  return plan;
}

class LoadRouteTest : public ::testing::Test {
 protected:
  Rule hit(const std::string& directory, bool cache = false) {
    return route_.step(directory, true, cache);
  }
  Rule miss(const std::string& directory, bool cache = false) {
    return route_.step(directory, false, cache);
  }
  void start(LoadPlan plan) { route_ = LoadRoute(std::move(plan)); }
  LoadRoute route_{LoadPlan()};
};

TEST(TidyDirectory, AsTheLoaderWritesIt) {
  EXPECT_EQ(tidy_directory("/a//b/./c/"), "/a/b/c");
  EXPECT_EQ(tidy_directory("/a/../b"), "/a/../b");
  EXPECT_EQ(tidy_directory("./B//x"), "B/x");
  EXPECT_EQ(tidy_directory("."), ".");
  EXPECT_EQ(tidy_directory(""), ".");
  EXPECT_EQ(tidy_directory("//"), "/");
}

TEST_F(LoadRouteTest, GoesOnlyOn) {
  start(plan_of({{"RPATH", {"/a"}}, {"LD_LIBRARY_PATH", {"/b", "/c"}}}));
  EXPECT_EQ(miss("/a"), "RPATH");
  EXPECT_EQ(miss("/c"), "LD_LIBRARY_PATH");
  // In one list the order is the loader's own affair.
  EXPECT_EQ(miss("/b"), "LD_LIBRARY_PATH");
  EXPECT_EQ(miss("/b"), std::nullopt);
  EXPECT_EQ(miss("/a"), std::nullopt);
  EXPECT_EQ(miss("/lib"), "default");
  EXPECT_EQ(miss("/b"), std::nullopt);
}

TEST_F(LoadRouteTest, ADirectoryOfTwoListsIsTriedForEach) {
  start(plan_of({{"RPATH", {"/both"}}, {"LD_LIBRARY_PATH", {"/both"}}}));
  EXPECT_EQ(miss("/both"), "RPATH");
  EXPECT_EQ(miss("/both"), "LD_LIBRARY_PATH");
  EXPECT_EQ(miss("/both"), std::nullopt);
}

TEST_F(LoadRouteTest, ProcessorsHaveSubdirectories) {
  start(plan_of({{"LD_LIBRARY_PATH", {"/l", "."}}}));
  EXPECT_EQ(miss("/l/glibc-hwcaps/x86-64-v3"), "LD_LIBRARY_PATH");
  // glibc 2.36 does that twice.
  EXPECT_EQ(miss("/l/tls/x86_64"), "LD_LIBRARY_PATH");
  EXPECT_EQ(miss("/l/tls/x86_64"), "LD_LIBRARY_PATH");
  EXPECT_EQ(miss("/l/other"), std::nullopt);
  EXPECT_EQ(miss("/ltls"), std::nullopt);
  EXPECT_EQ(miss("/l"), "LD_LIBRARY_PATH");
  // The directory itself comes last.
  EXPECT_EQ(miss("/l/tls/x86_64"), std::nullopt);
  EXPECT_EQ(miss("tls/x86_64"), "LD_LIBRARY_PATH");
  EXPECT_EQ(miss("."), "LD_LIBRARY_PATH");
  EXPECT_EQ(miss("/lib/x86_64-linux-gnu/glibc-hwcaps/x86-64-v2"), "default");
}

TEST_F(LoadRouteTest, OtherProcessorsHaveThemToo) {
  for (const char* part : {"i686", "i586", "sse2", "aarch64", "v7l", "v8l",
                           "neon", "vfp", "tls/i686/sse2"}) {
    start(plan_of({{"LD_LIBRARY_PATH", {"/l"}}}));
    EXPECT_EQ(miss(std::string("/l/") + part), "LD_LIBRARY_PATH") << part;
  }
}

TEST_F(LoadRouteTest, OtherMachinesHaveTheirDirectories) {
  for (const char* directory :
       {"/lib/i386-linux-gnu", "/usr/lib/i386-linux-gnu", "/lib32",
        "/lib/arm-linux-gnueabihf", "/usr/lib/arm-linux-gnueabihf/neon/vfp"}) {
    start(plan_of({}));
    EXPECT_EQ(miss(directory), "default") << directory;
  }
}

TEST_F(LoadRouteTest, RelativeIsNotAbsolute) {
  start(plan_of({{"LD_LIBRARY_PATH", {"B"}}}));
  EXPECT_EQ(miss("/cwd/B"), "path");
  start(plan_of({{"LD_LIBRARY_PATH", {"B"}}}));
  EXPECT_EQ(miss("B"), "LD_LIBRARY_PATH");
}

TEST_F(LoadRouteTest, AWholePathIsAllOfIt) {
  start(plan_of({{"LD_LIBRARY_PATH", {"/l"}}}));
  EXPECT_EQ(miss("/home/me"), "path");
  EXPECT_EQ(miss("/l"), std::nullopt);
  EXPECT_EQ(miss("/lib"), std::nullopt);
}

TEST_F(LoadRouteTest, TheCacheTellsOfOneFile) {
  start(plan_of({{"LD_LIBRARY_PATH", {"/l"}}}));
  EXPECT_EQ(miss("/l"), "LD_LIBRARY_PATH");
  EXPECT_EQ(miss("/opt/stale", true), "ld.so.cache");
  EXPECT_EQ(miss("/opt/other"), std::nullopt);
  EXPECT_EQ(miss("/lib"), "default");
  // The loader opens it once for a search.
  EXPECT_EQ(hit("/usr/lib", true), std::nullopt);
}

TEST_F(LoadRouteTest, WithTheCacheUntouchedNothingIsSearchedBehindIt) {
  LoadPlan plan = plan_of({});
  plan.cache = true;
  start(plan);
  EXPECT_EQ(hit("/usr/lib"), "path");
  start(plan);
  EXPECT_EQ(hit("/usr/lib", true), "ld.so.cache");
  start(plan);
  EXPECT_EQ(miss("/usr/lib", true), "default");
  // The program's own libraries are searched for with one opening of it.
  plan.certain = true;
  start(plan);
  EXPECT_EQ(hit("/srv/any/lib"), "ld.so.cache");
}

TEST_F(LoadRouteTest, SomeLoadersLookBesideThemselves) {
  LoadPlan plan = plan_of({});
  plan.loader_directory = "/nix/store/glibc/lib";
  start(plan);
  EXPECT_EQ(miss("/nix/store/glibc/lib/glibc-hwcaps/x86-64-v3"), "default");
  EXPECT_EQ(hit("/nix/store/glibc/lib"), "default");
}

TEST_F(LoadRouteTest, MuslHasAPathFile) {
  LoadPlan plan = plan_of({});
  plan.path_file = true;
  start(plan);
  EXPECT_EQ(hit("/usr/lib"), "path-file");
  start(plan);
  EXPECT_EQ(hit("/srv/lib"), "path");
  plan.certain = true;
  start(plan);
  EXPECT_EQ(miss("/srv/lib"), "path-file");
  EXPECT_EQ(miss("/srv/other"), "path-file");
}

TEST_F(LoadRouteTest, WithoutSightAnyDirectoryMayBeOfAList) {
  LoadPlan plan = plan_of({});
  plan.blind = true;
  start(plan);
  EXPECT_EQ(miss("/a/tls/x86_64"), "path");
  EXPECT_EQ(miss("/a/tls/x86_64"), "path");
  EXPECT_EQ(miss("/a"), "path");
  EXPECT_EQ(miss("/b"), "path");
  EXPECT_EQ(miss("/b"), std::nullopt);
  EXPECT_EQ(miss("./b"), std::nullopt);
}

}  // namespace
}  // namespace driftcage::match
