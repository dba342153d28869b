// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/match/derived_text.h"

// The call sequences are those that strace shows of the programs named.
namespace driftcage::match {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kGo = "/usr/lib/go-1.19/bin/go";

TEST(Lookup, GoLookPathFindsNothing) {
  TraceBuilder trace;
  trace.program(1, kGo, "/usr/lib/go-1.19/bin:/usr/bin:/bin")
      .call(1, "newfstatat", "/usr/lib/go-1.19/bin/gcc", ENOENT)
      .call(1, "newfstatat", "/usr/bin/gcc", ENOENT)
      .call(1, "newfstatat", "/bin/gcc", ENOENT);
  EXPECT_THAT(derived(trace),
              ElementsAre("lookup gcc = ENOENT in "
                          "/usr/lib/go-1.19/bin:/usr/bin:/bin"));
}

TEST(Lookup, GoLookPathFindsInTheSecondPlace) {
  TraceBuilder trace;
  trace.program(1, kGo, "/usr/local/bin:/usr/bin:/bin")
      .call(1, "newfstatat", "/usr/local/bin/gcc", ENOENT)
      .call(1, "newfstatat", "/usr/bin/gcc")
      .call(1, "faccessat2", "/usr/bin/gcc")
      .call(1, "newfstatat", "/usr/local/bin/gccgo", ENOENT)
      .call(1, "newfstatat", "/usr/bin/gccgo", ENOENT)
      .call(1, "newfstatat", "/bin/gccgo", ENOENT)
      .call(1, "openat", "/work/main.go");
  EXPECT_THAT(
      derived(trace),
      ElementsAre("lookup gcc = /usr/bin/gcc in /usr/local/bin:/usr/bin",
                  "lookup gccgo = ENOENT in "
                  "/usr/local/bin:/usr/bin:/bin"));
}

TEST(Lookup, GoGoesOnAfterAFileThatItMayNotExecute) {
  TraceBuilder trace;
  trace.program(1, kGo, "/usr/local/bin:/usr/bin")
      .call(1, "newfstatat", "/usr/local/bin/gcc")
      .call(1, "faccessat2", "/usr/local/bin/gcc", EACCES)
      .call(1, "newfstatat", "/usr/bin/gcc", ENOENT);
  EXPECT_THAT(derived(trace),
              ElementsAre("lookup gcc = EACCES in /usr/local/bin:/usr/bin"));
}

TEST(Lookup, GoGoesOnAfterADirectory) {
  TraceBuilder trace;
  trace.program(1, kGo, "/usr/local/bin:/usr/bin")
      .call(1, "newfstatat", "/usr/local/bin/gcc")
      .call(1, "newfstatat", "/usr/bin/gcc")
      .end(1);
  EXPECT_THAT(derived(trace), ElementsAre("lookup gcc = /usr/bin/gcc in "
                                          "/usr/local/bin:/usr/bin"));
}

TEST(Lookup, ExecvpTriesByExecutingInTheChild) {
  TraceBuilder trace;
  trace.program(1, "/usr/bin/gcc", "/usr/lib/go/bin:/usr/bin:/bin")
      .call(1, "newfstatat", "/usr/lib/gcc/x86_64-linux-gnu/12/as", ENOENT)
      .call(1, "newfstatat", "/usr/lib/gcc/x86_64-linux-gnu/as", ENOENT)
      .start(2, 1)
      .exec(2, "/usr/lib/go/bin/as", {"as", "--64"}, {}, false, ENOENT)
      .exec(2, "/usr/lib/go/bin/as", {"as", "--64"}, {}, false, ENOENT)
      .exec(2, "/usr/bin/as", {"as", "--64"});
  EXPECT_THAT(
      derived(trace),
      ElementsAre("lookup as = /usr/bin/as in /usr/lib/go/bin:/usr/bin"));
}

TEST(Lookup, ExecvpFindsNothing) {
  TraceBuilder trace;
  trace.program(1, "/usr/bin/gcc", "/usr/lib/go/bin:/usr/bin:/bin")
      .start(2, 1)
      .exec(2, "/usr/lib/go/bin/as", {"as"}, {}, false, ENOENT)
      .exec(2, "/usr/bin/as", {"as"}, {}, false, ENOENT)
      .exec(2, "/bin/as", {"as"}, {}, false, ENOENT)
      .end(2, 255);
  EXPECT_THAT(
      derived(trace),
      ElementsAre("lookup as = ENOENT in /usr/lib/go/bin:/usr/bin:/bin"));
}

TEST(Lookup, ExecvpReportsEaccesLast) {
  TraceBuilder trace;
  trace.program(1, "/usr/bin/env", "/a:/b")
      .exec(1, "/a/tool", {"tool"}, {}, false, EACCES)
      .exec(1, "/b/tool", {"tool"}, {}, false, ENOENT);
  EXPECT_THAT(derived(trace), ElementsAre("lookup tool = EACCES in /a:/b"));
}

TEST(Lookup, CauseOfAFileThatWasThereIsKept) {
  TraceBuilder trace;
  trace.program(1, "/usr/bin/env", "/a:/b")
      .call(1, "execve", "/a/tool", ENOENT,
            [](model::Event& event) {
              event.cause = model::Cause::NoLoader;
              event.exec.emplace();
              event.exec->argv = {"tool"};
            })
      .exec(1, "/b/tool", {"tool"}, {}, false, ENOENT);
  EXPECT_THAT(derived(trace),
              ElementsAre("lookup tool = ENOENT no-loader in /a:/b"));
}

TEST(Lookup, ExecvpOfAProgramThatIsToldAnotherName) {
  TraceBuilder trace;
  trace.program(1, "/usr/bin/python3", "/a:/b:/c")
      .start(2, 1)
      .exec(2, "/a/tool", {"-tool"}, {}, false, ENOENT)
      .exec(2, "/b/tool", {"-tool"})
      .start(3, 1)
      .exec(3, "/a/none", {"other"}, {}, false, ENOENT)
      .exec(3, "/b/none", {"other"}, {}, false, ENOENT)
      .exec(3, "/c/none", {"other"}, {}, false, ENOENT)
      // Whole paths.
      .start(4, 1)
      .exec(4, "/a/tool", {"other"})
      .start(5, 1)
      .exec(5, "/a/tool", {"/a/tool"}, {}, false, ENOENT)
      .exec(5, "/b/tool", {"/b/tool"})
      .start(6, 1)
      .call(6, "access", "/a/gcc", ENOENT)
      .exec(6, "/b/gcc", {"/b/gcc"});
  TraceBuilder only;
  only.program(1, "/usr/bin/python3", "/a")
      .exec(1, "/a/missing", {"-missing"}, {}, false, ENOENT);
  EXPECT_THAT(derived(only), IsEmpty());
  EXPECT_THAT(derived(trace), ElementsAre("lookup tool = /b/tool in /a:/b",
                                          "lookup none = ENOENT in /a:/b:/c"));
}

TEST(Lookup, ExecvpStopsAtAFileThatIsNoProgram) {
  TraceBuilder trace;
  trace.program(1, "/usr/bin/env", "/a:/b")
      .exec(1, "/a/script", {"script"}, {}, false, ENOEXEC)
      .exec(1, "/bin/sh", {"script", "/a/script"});
  EXPECT_THAT(derived(trace), ElementsAre("lookup script = /a/script in /a"));
}

TEST(Lookup, EnvChangesPathAndThenSearches) {
  TraceBuilder trace;
  trace.program(1, "/usr/bin/env", "/usr/bin:/bin")
      .exec(1, "/x/gcc", {"gcc"}, {"PATH=/x:/y"}, false, ENOENT)
      .exec(1, "/y/gcc", {"gcc"}, {"PATH=/x:/y"}, false, ENOENT);
  EXPECT_THAT(derived(trace), ElementsAre("lookup gcc = ENOENT in /x:/y"));
}

TEST(Lookup, ChildSearchesThePathItWasGiven) {
  TraceBuilder trace;
  trace.program(1, kGo, "/usr/bin:/bin")
      .start(2, 1)
      .exec(2, "/tool/cgo", {"cgo"}, {"PATH=/go/bin:/usr/bin"})
      .call(2, "newfstatat", "/go/bin/gcc", ENOENT)
      .call(2, "newfstatat", "/usr/bin/gcc", ENOENT);
  EXPECT_THAT(derived(trace), ElementsAre("lookup gcc = ENOENT in "
                                          "/go/bin:/usr/bin"));
}

TEST(Lookup, Collect2SearchesItsOwnPlacesFirst) {
  TraceBuilder trace;
  trace
      .program(1, "/usr/lib/gcc/x86_64-linux-gnu/12/collect2",
               "/usr/local/bin:/usr/bin")
      .call(1, "newfstatat", "/usr/lib/gcc/x86_64-linux-gnu/12/ld", ENOENT)
      .call(1, "newfstatat", "/usr/lib/gcc/x86_64-linux-gnu/ld", ENOENT)
      .call(1, "newfstatat", "/usr/local/bin/ld", ENOENT)
      .call(1, "newfstatat", "/usr/local/bin/ld", ENOENT)
      .call(1, "newfstatat", "/usr/bin/ld")
      .call(1, "access", "/usr/bin/ld")
      .start(2, 1)
      .exec(2, "/usr/bin/ld", {"/usr/bin/ld", "-plugin"})
      .end(2)
      .end(1);
  EXPECT_THAT(
      derived(trace),
      ElementsAre("lookup ld = /usr/bin/ld in /usr/local/bin:/usr/bin"));
}

TEST(Lookup, PythonWhichSkipsDoubleDirectories) {
  TraceBuilder trace;
  trace.program(1, "/usr/bin/python3", "/a:/a:/b/:/b:/c")
      .call(1, "newfstatat", "/a/x", ENOENT)
      .call(1, "newfstatat", "/b/x", ENOENT)
      .call(1, "newfstatat", "/c/x", ENOENT);
  EXPECT_THAT(derived(trace), ElementsAre("lookup x = ENOENT in /a:/b:/c"));
}

TEST(Lookup, MuslUsesStat) {
  TraceBuilder trace;
  trace.program(1, "/bin/busybox", "/usr/bin:/bin")
      .call(1, "stat", "/usr/bin/go", ENOENT)
      .call(1, "stat", "/bin/go", ENOENT);
  EXPECT_THAT(derived(trace), ElementsAre("lookup go = ENOENT in "
                                          "/usr/bin:/bin"));
}

TEST(Lookup, ShortPathsAndTheWorkingDirectory) {
  TraceBuilder one;
  one.program(1, kGo, "/only").call(1, "newfstatat", "/only/gcc", ENOENT);
  EXPECT_THAT(derived(one), ElementsAre("lookup gcc = ENOENT in /only"));

  TraceBuilder dot;
  dot.program(1, kGo, ":/usr/bin")
      .call(1, "newfstatat", "gcc", ENOENT)
      .call(1, "newfstatat", "/usr/bin/gcc", ENOENT);
  EXPECT_THAT(derived(dot), ElementsAre("lookup gcc = ENOENT in .:/usr/bin"));

  TraceBuilder root;
  root.program(1, kGo, "/").call(1, "newfstatat", "/gcc", ENOENT);
  EXPECT_THAT(derived(root), ElementsAre("lookup gcc = ENOENT in /"));
}

TEST(Lookup, UnsetPathMeansTheSystemsDefault) {
  TraceBuilder trace;
  trace.start(1)
      .exec(1, "/usr/bin/env", {"env"}, {"HOME=/"}, true)
      .exec(1, "/bin/gcc", {"gcc"}, {}, false, ENOENT)
      .exec(1, "/usr/bin/gcc", {"gcc"}, {}, false, ENOENT);
  EXPECT_THAT(derived(trace), ElementsAre("lookup gcc = ENOENT in "
                                          "/bin:/usr/bin"));
}

TEST(Lookup, WholePathsAreNoLookups) {
  TraceBuilder trace;
  trace.program(1, kGo, "/usr/local/bin:/usr/bin")
      .call(1, "newfstatat", "/usr/bin/gcc", ENOENT)
      .call(1, "newfstatat", "/usr/bin/gcc")
      .call(1, "newfstatat", "/opt/cross/bin/gcc", ENOENT)
      .call(1, "newfstatat", "/usr/local/bin/sub/gcc", ENOENT)
      .exec(1, "/usr/local/bin/gcc", {"/usr/local/bin/gcc"}, {}, false, ENOENT)
      .exec(1, "/usr/bin/gcc", {"/usr/bin/gcc"});
  EXPECT_THAT(derived(trace), IsEmpty());
}

TEST(Lookup, ExecutingUnderAnotherNameIsNoLookup) {
  TraceBuilder trace;
  trace.program(1, "/bin/bash", "/usr/bin").exec(1, "/usr/bin/x", {"fake"});
  EXPECT_THAT(derived(trace), IsEmpty());
}

TEST(Lookup, UnfinishedSearchesAreNoLookups) {
  TraceBuilder trace;
  trace.program(1, kGo, "/a:/b:/c")
      .call(1, "newfstatat", "/a/x", ENOENT)
      .call(1, "newfstatat", "/b/x", ENOENT)
      .end(1);
  EXPECT_THAT(derived(trace), IsEmpty());
}

TEST(Lookup, CallsThatCannotSearchAreIgnored) {
  TraceBuilder trace;
  trace.program(1, "/bin/ls", "/only")
      .call(1, "newfstatat", "/only/x", ENOENT, no_follow)
      .call(1, "lstat", "/only/y", ENOENT)
      .call(1, "openat", "/only/z", ENOENT)
      .call(1, "newfstatat", "w", ENOENT, [](model::Event& e) { e.dirfd = 3; })
      .call(1, "newfstatat", "", ENOENT)
      .call(1, "newfstatat", "/only/", ENOENT)
      .call(1, "newfstatat", "/only/.", ENOENT);
  EXPECT_THAT(derived(trace), IsEmpty());
}

TEST(Lookup, ThreadsSearchAtTheSameTime) {
  TraceBuilder trace;
  const auto thread = [](std::int32_t tid) {
    return [tid](model::Event& event) { event.tid = tid; };
  };
  trace.program(1, kGo, "/a:/b")
      .call(1, "newfstatat", "/a/gcc", ENOENT, thread(1))
      .call(1, "newfstatat", "/a/git", ENOENT, thread(2))
      .call(1, "newfstatat", "/b/git", 0, thread(2))
      .call(1, "newfstatat", "/b/gcc", 0, thread(1))
      .call(1, "openat", "/x", 0, thread(1))
      .call(1, "openat", "/x", 0, thread(2));
  EXPECT_THAT(derived(trace), ElementsAre("lookup gcc = /b/gcc in /a:/b",
                                          "lookup git = /b/git in /a:/b"));
}

TEST(Lookup, GoroutinesMoveBetweenThreads) {
  TraceBuilder trace;
  trace.program(1, kGo, "/a:/b")
      .call(1, "newfstatat", "/a/gcc", ENOENT, [](auto& e) { e.tid = 1; })
      .call(1, "newfstatat", "/b/gcc", ENOENT, [](auto& e) { e.tid = 2; });
  EXPECT_THAT(derived(trace), ElementsAre("lookup gcc = ENOENT in /a:/b"));
}

TEST(Lookup, ProcessesDoNotMix) {
  TraceBuilder trace;
  trace.program(1, kGo, "/a:/b")
      .start(2, 1)
      .call(1, "newfstatat", "/a/gcc", ENOENT)
      .call(2, "newfstatat", "/b/gcc", ENOENT);
  EXPECT_THAT(derived(trace), IsEmpty());
}

TEST(Lookup, SameNameIsReportedEachTime) {
  TraceBuilder trace;
  trace.program(1, kGo, "/a:/b");
  for (int i = 0; i < 3; ++i) {
    trace.call(1, "newfstatat", "/a/gcc", ENOENT)
        .call(1, "newfstatat", "/b/gcc", ENOENT);
  }
  EXPECT_EQ(derived(trace).size(), 3u);
}

// The child executes what the parent's stat search found in the first place.
TEST(Lookup, ExecutingWhatTheParentFoundIsNoSecondLookup) {
  TraceBuilder trace;
  trace.program(1, "/bin/sh", "/shadow:/usr/bin")
      .call(1, "newfstatat", "/shadow/go")
      .start(2, 1)
      .exec(2, "/shadow/go", {"go", "version"})
      .end(2)
      .end(1);
  EXPECT_THAT(derived(trace), ElementsAre("lookup go = /shadow/go in /shadow"));
}

// bash -c 'ls; env ls; exec env ls'
TEST(Lookup, WhoSearchesAgainIsReportedThoughTheParentFoundIt) {
  TraceBuilder trace;
  const auto found = [&trace](const std::string& name) {
    trace.call(1, "newfstatat", "/opt/bin/" + name, ENOENT)
        .call(1, "newfstatat", "/usr/bin/" + name);
  };
  trace.program(1, "/usr/bin/bash", "/opt/bin:/usr/bin");
  found("ls");
  trace.start(2, 1).exec(2, "/usr/bin/ls", {"ls"}).end(2);
  found("env");
  trace.start(3, 1)
      .exec(3, "/usr/bin/env", {"env", "ls"})
      .exec(3, "/opt/bin/ls", {"ls"}, {}, false, ENOENT)
      .exec(3, "/usr/bin/ls", {"ls"})
      .end(3)
      .exec(1, "/usr/bin/env", {"env", "ls"})
      .exec(1, "/opt/bin/ls", {"ls"}, {}, false, ENOENT)
      .exec(1, "/usr/bin/ls", {"ls"})
      .end(1);
  const std::string ls = "lookup ls = /usr/bin/ls in /opt/bin:/usr/bin";
  EXPECT_THAT(derived(trace),
              ElementsAre(ls, "lookup env = /usr/bin/env in /opt/bin:/usr/bin",
                          ls, ls));
}

// As before, but found where nothing must miss.
TEST(Lookup, AnotherProgramSearchesForItself) {
  TraceBuilder trace;
  trace.program(1, "/usr/bin/bash", "/usr/bin:/bin")
      .call(1, "newfstatat", "/usr/bin/ls")
      .start(2, 1)
      .exec(2, "/usr/bin/ls", {"ls"})
      .end(2)
      .start(3, 1)
      .exec(3, "/opt/env", {"/opt/env", "ls"})
      .exec(3, "/usr/bin/ls", {"ls"})
      .end(3)
      .exec(1, "/opt/env", {"/opt/env", "ls"})
      .exec(1, "/usr/bin/ls", {"ls"})
      .end(1);
  const std::string ls = "lookup ls = /usr/bin/ls in /usr/bin";
  EXPECT_THAT(derived(trace), ElementsAre(ls, ls, ls));
}

TEST(Lookup, CarriesWhoAndWhen) {
  TraceBuilder trace;
  trace.program(1, kGo, "/a:/b")
      .call(1, "newfstatat", "/a/gcc", ENOENT)
      .call(1, "newfstatat", "/b/gcc", ENOENT);
  const auto& first = std::get<model::Event>(trace.records[2]);
  const auto& last = std::get<model::Event>(trace.records[3]);
  const model::Event event = events_of(trace).at(0);
  EXPECT_EQ(event.process, 1u);
  EXPECT_EQ(event.enter_ns, first.enter_ns);
  EXPECT_EQ(event.exit_ns, last.exit_ns);
  EXPECT_EQ(event.seq, last.seq);
  EXPECT_EQ(event.syscall, model::Syscall::Newfstatat);
  EXPECT_EQ(event.result, -1);
  EXPECT_FALSE(event.exec.has_value());
}

TEST(Lookup, APathOfManyDirectories) {
  constexpr int kDirectories = 120'000;
  std::string path;
  for (int i = 0; i < kDirectories; ++i) path += "/" + std::to_string(i) + ":";
  TraceBuilder trace;
  trace.program(1, kGo, path + "/bin");
  for (int i = 0; i < kDirectories; ++i)
    trace.call(1, "newfstatat", "/" + std::to_string(i) + "/gcc", ENOENT);
  trace.call(1, "newfstatat", "/bin/gcc").end(1);
  const auto events = events_of(trace);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].abs, "/bin/gcc");
}

TEST(Lookup, ManyNamesInTheFirstPlaceDoNotPileUp) {
  TraceBuilder trace;
  trace.program(1, "/bin/ls", "/a:/b");
  for (int i = 0; i < 1000; ++i) {
    trace.call(1, "newfstatat", "/a/f" + std::to_string(i), ENOENT);
  }
  trace.call(1, "newfstatat", "/a/gcc", ENOENT)
      .call(1, "newfstatat", "/b/gcc", ENOENT);
  EXPECT_THAT(derived(trace), ElementsAre("lookup gcc = ENOENT in /a:/b"));
}

TEST(Lookup, FilesOfTheWorkingDirectoryAreNoLookups) {
  TraceBuilder trace;
  trace.program(1, "/usr/bin/make", ":/a")
      .call(1, "newfstatat", "x.c")
      .call(1, "newfstatat", "tool")
      .call(1, "faccessat2", "tool", 0, asks_to_execute)
      .end(1);
  EXPECT_THAT(derived(trace), ElementsAre("lookup tool = /cwd/tool in ."));
}

// `command -v foo || test -f /opt/foo`
TEST(Lookup, AFileBehindThePathIsNotFoundAlongIt) {
  TraceBuilder trace;
  trace.program(1, "/usr/bin/dash", "/a:/b")
      .call(1, "newfstatat", "/a/foo", ENOENT)
      .call(1, "newfstatat", "/b/foo", ENOENT)
      .call(1, "newfstatat", "/opt/foo")
      .start(2, 1)
      .exec(2, "/opt/foo", {"/opt/foo"})
      .end(1);
  EXPECT_THAT(derived(trace), ElementsAre("lookup foo = ENOENT in /a:/b"));
}

TEST(Lookup, NothingFoundComesBeforeTheNextCall) {
  TraceBuilder trace;
  trace.program(1, kGo, "/a:/b")
      .call(1, "newfstatat", "/a/gcc", ENOENT)
      .call(1, "newfstatat", "/b/gcc", ENOENT)
      .call(1, "openat", "/x");
  std::size_t seen = 0;
  Deriver deriver([&seen](const model::Event&) { ++seen; });
  for (std::size_t i = 0; i + 1 < trace.records.size(); ++i) {
    deriver.before(trace.records[i]);
    deriver.add(trace.records[i]);
  }
  EXPECT_EQ(seen, 0u);
  deriver.before(trace.records.back());
  EXPECT_EQ(seen, 1u);
  deriver.add(trace.records.back());
  EXPECT_EQ(seen, 1u);
}

TEST(Lookup, GoFoldsTheDirectoriesOfPath) {
  TraceBuilder trace;
  trace.program(1, kGo, "/x/../a:/b//:c/..:../d")
      .call(1, "newfstatat", "/a/gcc", ENOENT)
      .call(1, "newfstatat", "/b/gcc", ENOENT)
      .call(1, "newfstatat", "gcc", ENOENT)
      .call(1, "newfstatat", "../d/gcc", ENOENT)
      // As a shell has it.
      .call(1, "newfstatat", "/x/../a/git", ENOENT)
      .call(1, "newfstatat", "/b//git", ENOENT)
      .call(1, "newfstatat", "c/../git", ENOENT)
      .call(1, "newfstatat", "../d/git", ENOENT);
  EXPECT_THAT(derived(trace),
              ElementsAre("lookup gcc = ENOENT in /x/../a:/b:c/..:../d",
                          "lookup git = ENOENT in /x/../a:/b:c/..:../d"));
}

TEST(Lookup, SpawnSearchesTheCallersPath) {
  TraceBuilder trace;
  trace.program(1, "/usr/bin/python3", "/a:/b")
      .start(2, 1)
      .exec(2, "/a/none", {"none"}, {"PATH=/only:/two"}, false, ENOENT)
      .exec(2, "/b/none", {"none"}, {"PATH=/only:/two"}, false, ENOENT)
      .end(2, 127);
  EXPECT_THAT(derived(trace), ElementsAre("lookup none = ENOENT in /a:/b"));
}

}  // namespace
}  // namespace driftcage::match
