// SPDX-License-Identifier: Apache-2.0
#include "harness/match/loader_rules.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "harness/base/path.h"
#include "harness/match/load_search.h"

namespace driftcage::match {
namespace {

struct Elf {
  std::string rpath = {};
  std::string runpath = {};
  std::vector<std::string> needed = {};
  model::ElfKind kind = model::ElfKind::Object;
};

model::Event opened(const std::string& path, const Elf& elf) {
  model::Event event;
  event.path = event.abs = path;
  event.elf = model::ElfSearch{elf.rpath, elf.runpath, elf.needed, elf.kind};
  return event;
}

class LoaderRulesTest : public ::testing::Test {
 protected:
  void start(const std::string& library_path, const Elf& elf = {},
             const std::string& loader = "/lib64/ld-linux-x86-64.so.2") {
    model::Event exec = opened("/opt/p/bin/p", elf);
    exec.exec.emplace().exe = exec.path;
    exec.exec->interpreters = {loader};
    rules_.start(&library_path, nullptr, exec);
  }
  void start_loader(std::vector<std::string> argv) {
    model::Event exec =
        opened("/lib64/ld-linux-x86-64.so.2", {.kind = model::ElfKind::Loader});
    exec.exec.emplace().exe = exec.path;
    exec.exec->argv = std::move(argv);
    const std::string variable = "/variable";
    rules_.start(&variable, nullptr, exec);
  }
  void open(const std::string& path, const Elf& elf = {}) {
    rules_.opened(opened(path, elf), true);
  }
  // The first rule of a search for `name` that leads to `directory`.
  std::string rule(const std::string& name, const std::string& directory) {
    return std::string(
        *LoadRoute(rules_.plan(name)).step(directory, false, false));
  }
  LoaderRules rules_;
};

TEST_F(LoaderRulesTest, TheOrderOfTheLoaderDecides) {
  start("/l:/both;/semi", {.runpath = "/both:/r", .needed = {"libx.so"}});
  EXPECT_EQ(rule("libx.so", "/l"), "LD_LIBRARY_PATH");
  EXPECT_EQ(rule("libx.so", "/semi"), "LD_LIBRARY_PATH");
  EXPECT_EQ(rule("libx.so", "/both"), "LD_LIBRARY_PATH");
  EXPECT_EQ(rule("libx.so", "/r"), "RUNPATH");
  start("/both", {.rpath = "/both", .needed = {"libx.so"}});
  EXPECT_EQ(rule("libx.so", "/both"), "RPATH");
}

TEST_F(LoaderRulesTest, ARunpathSwitchesTheOwnRpathOff) {
  start("", {.rpath = "/a", .runpath = "/b"});
  EXPECT_EQ(rule("libx.so", "/a"), "path");
  EXPECT_EQ(rule("libx.so", "/b"), "RUNPATH");
}

TEST_F(LoaderRulesTest, ARunpathOfWhoAsksSwitchesAllRpathsOff) {
  start("/b", {.rpath = "/c:/b", .needed = {"liba.so", "libc1.so"}});
  open("/c/liba.so", {.runpath = "/nonexist", .needed = {"libb.so"}});
  open("/b/libc1.so");
  EXPECT_EQ(rule("libb.so", "/b"), "LD_LIBRARY_PATH");
}

TEST_F(LoaderRulesTest, AnRpathIsNoBusinessOfOthers) {
  start("/a/../b", {.runpath = "/a", .needed = {"liba.so", "libc1.so"}});
  open("/a/liba.so", {.rpath = "/a/../b", .needed = {"libb.so"}});
  EXPECT_EQ(rule("libc1.so", "/a/../b"), "LD_LIBRARY_PATH");
  open("/a/../b/libc1.so");
  EXPECT_EQ(rule("libb.so", "/a/../b"), "RPATH");
}

TEST_F(LoaderRulesTest, AnRpathCountsForAllThatIsLoadedForIt) {
  start("", {.rpath = "/main", .needed = {"liba.so", "libz.so"}});
  open("/main/liba.so", {.rpath = "/of-a", .needed = {"libb.so"}});
  open("/main/libz.so", {.rpath = "/of-z"});
  open("/of-a/libb.so", {.needed = {"libc1.so"}});
  EXPECT_EQ(rule("libc1.so", "/of-a"), "RPATH");
  EXPECT_EQ(rule("libc1.so", "/main"), "RPATH");
  EXPECT_NE(rule("libc1.so", "/of-z"), "RPATH");
}

TEST_F(LoaderRulesTest, ARunpathCountsForTheDirectNeedsOnly) {
  start("", {.runpath = "/r", .needed = {"liba.so"}});
  open("/r/liba.so", {.needed = {"libb.so"}});
  EXPECT_NE(rule("libb.so", "/r"), "RUNPATH");
}

TEST_F(LoaderRulesTest, NeedsAreMetBreadthFirst) {
  start("", {.runpath = "/m", .needed = {"liba.so", "libb.so"}});
  open("/m/liba.so", {.runpath = "/a", .needed = {"libb.so", "libc1.so"}});
  EXPECT_EQ(rule("libb.so", "/m"), "RUNPATH");
  EXPECT_NE(rule("libb.so", "/a"), "RUNPATH");
  EXPECT_EQ(rule("libc1.so", "/a"), "RUNPATH");
}

TEST_F(LoaderRulesTest, WhoAsksByDlopenIsNotKnown) {
  start("", {.runpath = "/m", .needed = {"liba.so"}});
  open("/m/liba.so", {.runpath = "/a"});
  EXPECT_EQ(rule("plugin.so", "/m"), "RUNPATH");
  EXPECT_EQ(rule("plugin.so", "/a"), "RUNPATH");
  // What it needs is asked for by itself.
  open("/a/plugin.so", {.runpath = "/p", .needed = {"libq.so"}});
  EXPECT_EQ(rule("libq.so", "/p"), "RUNPATH");
  EXPECT_NE(rule("libq.so", "/m"), "RUNPATH");
}

TEST_F(LoaderRulesTest, WhatCouldNotBeLoadedAsksForNothingMore) {
  start("", {.runpath = "/m"});
  open("/p/plugin.so", {.runpath = "/p", .needed = {"libq.so"}});
  rules_.missed("libq.so");
  EXPECT_EQ(rule("libq.so", "/m"), "RUNPATH");
  EXPECT_EQ(rule("libq.so", "/p"), "path");
}

TEST_F(LoaderRulesTest, WhatWasGivenUpIsLoadedAgain) {
  start("", {.runpath = "/m"});
  const auto load = [this] {
    open("/p/plugin.so", {.runpath = "/p", .needed = {"libq.so"}});
    EXPECT_TRUE(rules_.plan("libq.so").certain);
    open("/p/libq.so", {.needed = {"libmiss.so"}});
    EXPECT_FALSE(rules_.plan("libq.so").certain);
    rules_.missed("libmiss.so");
  };
  load();
  load();
}

TEST_F(LoaderRulesTest, TokensStandForDirectories) {
  start("$ORIGIN/l:${LIB}/x:rel//./d",
        {.rpath = "/usr/$LIB:/p/${PLATFORM}", .needed = {"libx.so"}});
  EXPECT_EQ(rule("libx.so", "/opt/p/bin/l"), "LD_LIBRARY_PATH");
  EXPECT_EQ(rule("libx.so", "lib64/x"), "LD_LIBRARY_PATH");
  EXPECT_EQ(rule("libx.so", "rel/d"), "LD_LIBRARY_PATH");
  EXPECT_EQ(rule("libx.so", "/usr/lib/x86_64-linux-gnu"), "RPATH");
  EXPECT_EQ(rule("libx.so", "/usr/lib64"), "RPATH");
  EXPECT_EQ(rule("libx.so", "/p/x86_64"), "RPATH");
}

TEST_F(LoaderRulesTest, ATokenEndsWhereItsNameEnds) {
  start("$ORIGINAL/l:/a/$LIBDIR", {.needed = {"libx.so"}});
  EXPECT_EQ(rule("libx.so", "$ORIGINAL/l"), "LD_LIBRARY_PATH");
  EXPECT_EQ(rule("libx.so", "/a/$LIBDIR"), "LD_LIBRARY_PATH");
}

TEST_F(LoaderRulesTest, AListHasABoundedLength) {
  std::string list;
  for (int i = 0; i < 5000; ++i)
    list += "/d" + std::to_string(i) + "/$LIB/$PLATFORM:";
  start(list, {.rpath = list, .needed = {"libx.so"}});
  const LoadPlan plan = rules_.plan("libx.so");
  for (const LoadPlace& place : plan.lists)
    EXPECT_LE(place.directories->size(), 1024u) << place.rule;
  EXPECT_EQ(rule("libx.so", "/d0/lib64/x86_64"), "RPATH");
  // What is missing must not be taken for a path that the program gave.
  EXPECT_TRUE(plan.blind);
  // Nor may a few long ones take as much.
  start(std::string(3000, 'x') + "$ORIGIN$LIB$PLATFORM:" +
        std::string(3000, 'y') + "$LIB$PLATFORM:" + std::string(9000, 'z'));
  std::size_t size = 0;
  for (const LoadPlace& place : rules_.plan("libx.so").lists) {
    for (const std::string& one : *place.directories) size += one.size();
  }
  EXPECT_GT(size, 100'000u);
  EXPECT_LE(size, 262'144u);
}

TEST_F(LoaderRulesTest, AllListsTogetherAreBoundedToo) {
  start("");
  for (int i = 0; i < 1100; ++i) {
    open("/lib/a" + std::to_string(i) + ".so",
         {.runpath = "/d" + std::to_string(i)});
  }
  EXPECT_TRUE(rules_.plan("x.so").blind);
}

TEST_F(LoaderRulesTest, ADirectoryTwiceCountsOnce) {
  std::string list;
  for (int i = 0; i < 5000; ++i) list += "/d:/$ORIGIN:";
  start(list + "/d");
  EXPECT_EQ(rules_.plan("libx.so").lists[1].directories->size(), 2u);
  EXPECT_FALSE(rules_.plan("libx.so").blind);
}

TEST_F(LoaderRulesTest, WhatObjectsNeedIsRememberedToALimit) {
  start("");
  const Elf large{.needed = std::vector<std::string>(512, "x")};
  for (int i = 0; i < 8; ++i) open("/l/lib" + std::to_string(i), large);
  EXPECT_FALSE(rules_.plan("libx.so").blind);
  const Elf huge{.needed =
                     std::vector<std::string>(3, std::string(400'000, 'x'))};
  open("/l/libhuge.so", huge);
  EXPECT_TRUE(rules_.plan("libx.so").blind);
}

TEST_F(LoaderRulesTest, PlansShareTheLists) {
  start("/l", {.rpath = "/r", .needed = {"libx.so", "liby.so"}});
  const LoadPlan one = rules_.plan("libx.so");
  const LoadPlan other = rules_.plan("liby.so");
  const LoadPlan third = rules_.plan("plugin.so");
  ASSERT_EQ(one.lists.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(one.lists[i].directories, other.lists[i].directories);
    EXPECT_EQ(one.lists[i].directories, third.lists[i].directories);
  }
}

TEST(LoadSearches, AForkSharesTheRulesUntilItLearns) {
  const auto ignore = [](const model::Event&) {};
  const auto load = [](const std::string& path) {
    model::Event event = opened(path, {.runpath = "/deep"});
    event.verb = model::Verb::Open;
    event.flags = O_RDONLY | O_CLOEXEC;
    return event;
  };
  model::Event exec = opened("/opt/p", {});
  exec.exec.emplace().exe = exec.path;
  LoadSearches parent;
  parent.start(nullptr, nullptr, exec);
  LoadSearches child;
  child.inherit(parent);
  model::Event other = load("/etc/passwd");
  other.elf.reset();
  child.add(other, ignore);
  EXPECT_EQ(&child.rules(), &parent.rules());
  child.add(load("/l/libx.so"), ignore);
  EXPECT_NE(&child.rules(), &parent.rules());
  const auto runpath = [](const LoadSearches& one) {
    return *one.rules().plan("liby.so").lists.back().directories;
  };
  EXPECT_EQ(runpath(child), std::vector<std::string>{"/deep"});
  EXPECT_TRUE(runpath(parent).empty());
}

TEST_F(LoaderRulesTest, SemicolonsSeparateInTheVariableOnly) {
  start("", {.rpath = "/a;b", .needed = {"libx.so"}});
  EXPECT_EQ(rule("libx.so", "/a;b"), "RPATH");
}

TEST_F(LoaderRulesTest, MuslLooksAtTheVariableFirst) {
  start("/l", {.runpath = "/l:/r", .needed = {"liba.so"}},
        "/lib/ld-musl-x86_64.so.1");
  EXPECT_EQ(rule("liba.so", "/l"), "LD_LIBRARY_PATH");
  open("/r/liba.so", {.needed = {"libb.so"}});
  // And at the lists of all that led to it.
  EXPECT_EQ(rule("libb.so", "/r"), "RUNPATH");
}

TEST_F(LoaderRulesTest, TheLoaderAsAProgram) {
  start_loader({"ld.so", "--argv0", "x", "--library-path", "/l", "./app"});
  model::Event program = opened("./app", {.rpath = "/r", .needed = {"l.so"}});
  program.abs = "/cwd/app";
  EXPECT_TRUE(rules_.is_program(program));
  rules_.opened(program, false);
  EXPECT_FALSE(rules_.is_program(program));
  EXPECT_EQ(rule("l.so", "/l"), "LD_LIBRARY_PATH");
  EXPECT_NE(rule("l.so", "/variable"), "LD_LIBRARY_PATH");
  EXPECT_EQ(rule("l.so", "/r"), "RPATH");
  start_loader({"ld.so", "/bin/app"});
  open("/bin/app", {.needed = {"l.so"}});
  EXPECT_EQ(rule("l.so", "/variable"), "LD_LIBRARY_PATH");
}

TEST_F(LoaderRulesTest, AStaticProgramLoadsOnceItOpensTheCache) {
  start("", {.kind = model::ElfKind::Static});
  EXPECT_FALSE(rules_.loads());
  open("/etc/ld.so.cache");
  EXPECT_TRUE(rules_.loads());
}

TEST_F(LoaderRulesTest, OnlyAnEmptyElementLooksHere) {
  start("/l");
  EXPECT_FALSE(rules_.searches_here());
  start("/l:");
  EXPECT_TRUE(rules_.searches_here());
  start("", {.rpath = "/a::/b"});
  EXPECT_TRUE(rules_.searches_here());
}

TEST_F(LoaderRulesTest, AnotherProgramStartsAnew) {
  start("");
  open("/l/liba.so", {.runpath = "/deep"});
  EXPECT_EQ(rule("libx.so", "/deep"), "RUNPATH");
  start("");
  EXPECT_EQ(rule("libx.so", "/deep"), "path");
}

}  // namespace
}  // namespace driftcage::match
