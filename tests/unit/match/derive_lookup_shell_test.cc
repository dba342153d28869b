// SPDX-License-Identifier: Apache-2.0
// Shells change PATH in themselves, and test files by the calls that they
// search by. The call sequences are those that strace shows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/match/derived_text.h"

namespace driftcage::match {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Lookup, DashStatsTheFirstPlaceTwice) {
  TraceBuilder trace;
  trace.program(1, "/usr/bin/dash", "/opt/bin:/usr/sbin:/usr/bin")
      .call(1, "newfstatat", "/opt/bin/nosuch", ENOENT)
      .call(1, "newfstatat", "/opt/bin/nosuch", ENOENT)
      .call(1, "newfstatat", "/usr/sbin/nosuch", ENOENT)
      .call(1, "newfstatat", "/usr/bin/nosuch", ENOENT)
      .call(1, "newfstatat", "/opt/bin/ls", ENOENT)
      .call(1, "newfstatat", "/opt/bin/ls", ENOENT)
      .call(1, "newfstatat", "/usr/sbin/ls", ENOENT)
      .call(1, "newfstatat", "/usr/bin/ls")
      .call(1, "vfork", "")
      .start(2, 1)
      .exec(2, "/usr/bin/ls", {"ls"});
  EXPECT_THAT(derived(trace), ElementsAre("lookup nosuch = ENOENT in "
                                          "/opt/bin:/usr/sbin:/usr/bin",
                                          "lookup ls = /usr/bin/ls in "
                                          "/opt/bin:/usr/sbin:/usr/bin"));
}

TEST(Lookup, BashAsksSeveralTimesAboutWhatItFound) {
  TraceBuilder trace;
  const auto mode = [](std::uint32_t bits) {
    return [bits](model::Event& event) { event.mode = bits; };
  };
  trace.program(1, "/usr/bin/bash", "/opt/bin:/usr/bin")
      .call(1, "newfstatat", "/opt/bin/ls", ENOENT)
      .call(1, "newfstatat", "/opt/bin/ls", ENOENT)
      .call(1, "newfstatat", "/usr/bin/ls")
      .call(1, "newfstatat", "/usr/bin/ls")
      .call(1, "access", "/usr/bin/ls", 0, mode(1))
      .call(1, "newfstatat", "/usr/bin/ls")
      .call(1, "access", "/usr/bin/ls", EACCES, mode(4))
      .start(2, 1)
      .exec(2, "/usr/bin/ls", {"ls"})
      .end(2)
      .end(1);
  EXPECT_THAT(derived(trace),
              ElementsAre("lookup ls = /usr/bin/ls in /opt/bin:/usr/bin"));
}

TEST(Lookup, DirectoriesOutsideOfPathAreTriedOnce) {
  TraceBuilder trace;
  trace.program(1, "/usr/bin/dash", "/usr/bin:/bin")
      .call(1, "newfstatat", "/x/tool", ENOENT)
      .call(1, "newfstatat", "/x/tool", ENOENT)
      .call(1, "newfstatat", "/usr/bin/tool", ENOENT)
      .call(1, "newfstatat", "/bin/tool", ENOENT)
      .call(1, "newfstatat", "/y/tool", ENOENT)
      .call(1, "newfstatat", "/y/tool")
      .start(2, 1)
      .exec(2, "/y/tool", {"tool"})
      .end(2)
      .end(1);
  EXPECT_THAT(derived(trace),
              ElementsAre("lookup tool = ENOENT in /x:/usr/bin:/bin:/y",
                          "lookup tool = /y/tool in /y"));
}

TEST(Lookup, ShellThatChangedPathGoesOnBehindTheKnownOne) {
  TraceBuilder trace;
  trace.program(1, "/usr/bin/dash", "/a:/b")
      .call(1, "newfstatat", "/a/foo", ENOENT)
      .call(1, "newfstatat", "/b/foo", ENOENT)
      .call(1, "newfstatat", "/new/foo")
      .call(1, "vfork", "")
      .start(2, 1)
      .exec(2, "/new/foo", {"foo"}, {"PATH=/a:/b:/new"})
      // Now the child has told.
      .call(1, "newfstatat", "/a/bar", ENOENT)
      .call(1, "newfstatat", "/b/bar", ENOENT)
      .call(1, "newfstatat", "/new/bar")
      .call(1, "newfstatat", "/a/none", ENOENT)
      .call(1, "newfstatat", "/b/none", ENOENT)
      .call(1, "newfstatat", "/new/none", ENOENT);
  EXPECT_THAT(derived(trace),
              ElementsAre("lookup foo = /new/foo in /a:/b:/new",
                          "lookup bar = /new/bar in /a:/b:/new",
                          "lookup none = ENOENT in /a:/b:/new"));
}

TEST(Lookup, ShellThatChangedPathBeginsBeforeTheKnownOne) {
  TraceBuilder trace;
  trace.program(1, "/usr/bin/dash", "/a:/b")
      .call(1, "newfstatat", "/new/none", ENOENT)
      .call(1, "newfstatat", "/a/none", ENOENT)
      .call(1, "newfstatat", "/b/none", ENOENT)
      .call(1, "newfstatat", "/new/ls", ENOENT)
      .call(1, "newfstatat", "/a/ls", ENOENT)
      .call(1, "newfstatat", "/b/ls");
  EXPECT_THAT(derived(trace), ElementsAre("lookup none = ENOENT in /new:/a:/b",
                                          "lookup ls = /b/ls in /new:/a:/b"));
}

TEST(Lookup, ShellWithAPathOfItsOwn) {
  TraceBuilder dash;
  dash.program(1, "/usr/bin/dash", "/a:/b")
      .call(1, "newfstatat", "/x/foo", ENOENT)
      .call(1, "newfstatat", "/y/foo")
      .start(2, 1)
      .exec(2, "/y/foo", {"foo"}, {}, false, ENOEXEC)
      .call(1, "newfstatat", "/x/none", ENOENT)
      .call(1, "newfstatat", "/y/none", ENOENT)
      .end(1, 127);
  EXPECT_THAT(derived(dash), ElementsAre("lookup foo = /y/foo in /x:/y",
                                         "lookup none = ENOENT in /x:/y"));
  TraceBuilder bash;
  bash.program(1, "/usr/bin/bash", "/a:/b")
      .call(1, "newfstatat", "/x/none", ENOENT)
      .call(1, "newfstatat", ".")
      .call(1, "newfstatat", "./none", ENOENT)
      .start(2, 1)
      .end(2, 127)
      .end(1);
  EXPECT_THAT(derived(bash), ElementsAre("lookup none = ENOENT in /x:."));
}

// PATH=/opt/sbin /usr/bin/true; [ -e /opt/sbin/lsx ]; [ -e /tmp/lsx ]
TEST(Lookup, APathForOneProgramIsNotTheShells) {
  TraceBuilder trace;
  trace.program(1, "/usr/bin/bash", "/opt/sbin:/usr/bin")
      .start(2, 1)
      .exec(2, "/usr/bin/true", {"/usr/bin/true"}, {"PATH=/opt/sbin"})
      .end(2)
      .call(1, "newfstatat", "/opt/sbin/lsx", ENOENT)
      .call(1, "newfstatat", "/tmp/lsx", ENOENT)
      .end(1);
  EXPECT_THAT(derived(trace), IsEmpty());
}

TEST(Lookup, FileTestsOfAShellAreNoLookups) {
  TraceBuilder trace;
  trace.program(1, "/usr/bin/dash", ":/a:/b")
      .call(1, "newfstatat", "Makefile")
      .call(1, "newfstatat", "/x/conf", ENOENT)
      .call(1, "newfstatat", "/y/conf", ENOENT)
      .call(1, "newfstatat", "/y/other")
      // Another command that is not found, in a subshell.
      .call(1, "newfstatat", "/x/conf", ENOENT)
      .call(1, "newfstatat", "/y/conf", ENOENT)
      .start(2, 1)
      .call(2, "newfstatat", "/x/none", ENOENT)
      .end(2, 127)
      .end(1, 1);
  EXPECT_THAT(derived(trace), IsEmpty());
  // Asked by access(2) alone.
  TraceBuilder access;
  access.program(1, "/usr/bin/dash", "/a:/b")
      .call(1, "faccessat2", "/a/x", 0, asks_to_execute)
      .call(1, "faccessat2", "/b/y", ENOENT, asks_to_execute)
      .call(1, "faccessat2", "/c/y", ENOENT, asks_to_execute)
      .end(1, 127);
  EXPECT_THAT(derived(access), IsEmpty());
  TraceBuilder only;
  only.program(1, "/usr/bin/dash", "/only")
      .call(1, "newfstatat", "/only/nothere", ENOENT)
      .call(1, "newfstatat", "/only/there")
      .end(1, 1);
  EXPECT_THAT(derived(only), IsEmpty());
}

TEST(Lookup, ShellWithAPathOfOneDirectory) {
  TraceBuilder trace;
  trace.program(1, "/usr/bin/bash", "/only")
      .call(1, "newfstatat", "/only/ls")
      .call(1, "access", "/only/ls", 0, asks_to_execute)
      // zsh asks the other way round.
      .call(1, "access", "/only/cat", 0, asks_to_execute)
      .call(1, "newfstatat", "/only/cat")
      .start(3, 1)
      .exec(3, "/only/gone", {"gone"}, {}, false, ENOENT)
      .end(3)
      .call(1, "newfstatat", "/only/none", ENOENT)
      .start(2, 1)
      .end(2, 127)
      .end(1);
  EXPECT_THAT(derived(trace), ElementsAre("lookup ls = /only/ls in /only",
                                          "lookup gone = ENOENT in /only",
                                          "lookup cat = /only/cat in /only",
                                          "lookup none = ENOENT in /only"));
}

// `export PATH=/one; true; none`, and a PATH for one command only.
TEST(Lookup, ShellThatPassesOneDirectory) {
  TraceBuilder trace;
  trace.program(1, "/usr/bin/dash", "/a:/b")
      .start(2, 1)
      .exec(2, "/bin/true", {"true"}, {"PATH=/one"})
      .end(2)
      .call(1, "newfstatat", "/one/none", ENOENT)
      .end(1, 127);
  EXPECT_THAT(derived(trace), ElementsAre("lookup none = ENOENT in /one"));
  TraceBuilder tests;
  tests.program(1, "/usr/bin/dash", "/a:/b")
      .start(2, 1)
      .exec(2, "/bin/true", {"true"}, {"PATH=/x:/y"})
      .end(2)
      .start(3, 1)
      .exec(3, "/bin/true", {"true"}, {"PATH=/one"})
      .end(3)
      .call(1, "newfstatat", "/one/file", ENOENT)
      .call(1, "newfstatat", "/tmp/file", ENOENT)
      .call(1, "newfstatat", "/x/f", ENOENT)
      .call(1, "newfstatat", "/y/f", ENOENT)
      .end(1);
  EXPECT_THAT(derived(tests), IsEmpty());
}

// `ls; ( [ -e /a/ls ]; exec ls )`: the second is known by its place.
TEST(Lookup, ACopyOfAShellTestsFiles) {
  TraceBuilder trace;
  trace.program(1, "/usr/bin/bash", "/a:/b")
      .call(1, "newfstatat", "/a/ls", ENOENT)
      .call(1, "newfstatat", "/b/ls")
      .start(2, 1)
      .exec(2, "/b/ls", {"ls"})
      .end(2)
      .start(3, 1)
      .call(3, "newfstatat", "/a/ls", ENOENT)
      .exec(3, "/b/ls", {"ls"})
      .end(3)
      .end(1);
  EXPECT_THAT(derived(trace), ElementsAre("lookup ls = /b/ls in /a:/b"));
}

TEST(Lookup, UnsetPathMeansWhatAShellHasBuiltIn) {
  const auto searched = [](const std::string& program,
                           const std::vector<std::string>& directories) {
    TraceBuilder trace;
    trace.start(1).exec(1, program, {program}, {"HOME=/"}, true);
    for (const std::string& directory : directories)
      trace.call(1, "newfstatat", directory + "/none", ENOENT);
    return derived(trace);
  };
  EXPECT_THAT(searched("/bin/dash", {"/usr/local/sbin", "/usr/local/bin",
                                     "/usr/sbin", "/usr/bin", "/sbin", "/bin"}),
              ElementsAre("lookup none = ENOENT in /usr/local/sbin:"
                          "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"));
  EXPECT_THAT(
      searched("/bin/bash", {"/usr/local/bin", "/usr/local/sbin", "/usr/bin",
                             "/usr/sbin", "/bin", "/sbin", "."}),
      ElementsAre("lookup none = ENOENT in /usr/local/bin:"
                  "/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin:."));
  EXPECT_THAT(
      searched("/bin/busybox", {"/sbin", "/usr/sbin", "/bin", "/usr/bin"}),
      ElementsAre("lookup none = ENOENT in /sbin:/usr/sbin:/bin:/usr/bin"));

  TraceBuilder removed;
  removed.program(1, "/usr/bin/env", "/a:/b")
      .exec(1, "/bin/none", {"none"}, {"PATH"}, false, ENOENT)
      .exec(1, "/usr/bin/none", {"none"}, {"PATH"}, false, ENOENT);
  EXPECT_THAT(derived(removed),
              ElementsAre("lookup none = ENOENT in /bin:/usr/bin"));
}

}  // namespace
}  // namespace driftcage::match
