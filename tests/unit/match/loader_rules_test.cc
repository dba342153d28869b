// SPDX-License-Identifier: Apache-2.0
#include "harness/match/loader_rules.h"

#include <gtest/gtest.h>

namespace driftcage::match {
namespace {

model::Event opened(const std::string& path, const std::string& rpath = "",
                    const std::string& runpath = "") {
  model::Event event;
  event.path = event.abs = path;
  if (!rpath.empty() || !runpath.empty())
    event.elf = model::ElfSearch{rpath, runpath};
  return event;
}

class LoaderRulesTest : public ::testing::Test {
 protected:
  void start(const std::string& library_path, const std::string& rpath = "",
             const std::string& runpath = "") {
    rules_.start(&library_path, opened("/bin/p", rpath, runpath));
  }
  std::string_view hit(const std::string& directory,
                       std::string_view before = {}) {
    return rules_.rule_of(directory, "libx.so.1", true, before);
  }
  std::string_view miss(const std::string& directory) {
    return rules_.rule_of(directory, "libx.so.1", false, {});
  }
  LoaderRules rules_;
};

TEST_F(LoaderRulesTest, TheOrderOfTheLoaderDecides) {
  start("/l:/both;/semi", "", "/both:/r");
  EXPECT_EQ(miss("/l"), "LD_LIBRARY_PATH");
  EXPECT_EQ(miss("/semi"), "LD_LIBRARY_PATH");
  EXPECT_EQ(miss("/both"), "LD_LIBRARY_PATH");
  EXPECT_EQ(hit("/r"), "RUNPATH");
  start("/both", "/both");
  EXPECT_EQ(hit("/both"), "RPATH");
}

TEST_F(LoaderRulesTest, ARunpathSwitchesTheRpathOff) {
  start("", "/a", "/b");
  EXPECT_EQ(hit("/a"), "path");
  EXPECT_EQ(hit("/b"), "RUNPATH");
}

TEST_F(LoaderRulesTest, ProcessorsHaveSubdirectories) {
  start("/l/");
  EXPECT_EQ(miss("/l/glibc-hwcaps/x86-64-v3"), "LD_LIBRARY_PATH");
  EXPECT_EQ(miss("/l/tls/haswell/x86_64"), "LD_LIBRARY_PATH");
  EXPECT_EQ(miss("/l/other"), "path");
  EXPECT_EQ(miss("/lib/x86_64-linux-gnu/glibc-hwcaps/x86-64-v2"), "default");
}

TEST_F(LoaderRulesTest, CacheAndBuiltInDirectories) {
  start("");
  EXPECT_EQ(hit("/usr/lib/x86_64-linux-gnu"), "default");
  rules_.opened(opened("/etc/ld.so.cache"));
  EXPECT_EQ(hit("/opt/any/lib"), "ld.so.cache");
  EXPECT_EQ(miss("/usr/lib"), "default");
  EXPECT_EQ(hit("/usr/lib", "default"), "default");
  // What a program names by its whole path.
  EXPECT_EQ(hit("/home/me/lib"), "path");
  EXPECT_EQ(rules_.rule_of("/usr/lib/python3", "_ssl.so", true, {}), "path");
}

TEST_F(LoaderRulesTest, MuslHasAPathFile) {
  start("");
  EXPECT_EQ(hit("/usr/lib"), "default");
  rules_.opened(opened("/etc/ld-musl-x86_64.path"));
  EXPECT_EQ(hit("/usr/lib"), "path-file");
  EXPECT_EQ(miss("/opt/lib"), "path-file");
}

TEST_F(LoaderRulesTest, LibrariesBringRulesOfTheirOwn) {
  start("");
  EXPECT_EQ(hit("/deep"), "path");
  rules_.opened(opened("/l/liba.so", "", "/deep"));
  EXPECT_EQ(hit("/deep"), "RUNPATH");
  start("");  // another program
  EXPECT_EQ(hit("/deep"), "path");
}

}  // namespace
}  // namespace driftcage::match
