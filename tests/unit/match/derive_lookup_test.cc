// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "harness/match/derive.h"
#include "tests/unit/match/trace_builder.h"

// The call sequences are those that strace shows of the programs named.
namespace driftcage::match {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string text_of(const model::Event& event) {
  std::string text =
      std::string(model::verb_name(event.verb)) + " " + event.path + " = ";
  text += event.ok() ? event.abs : base::errno_name(event.err);
  if (event.cause != model::Cause::None) {
    text += " " + std::string(model::cause_name(event.cause));
  }
  return text + " in " + event.cause_at;
}

std::vector<model::Event> events_of(const TraceBuilder& trace) {
  std::vector<model::Event> events;
  Deriver deriver([&](const model::Event& event) { events.push_back(event); });
  for (const auto& record : trace.records) deriver.add(record);
  deriver.finish();
  return events;
}

std::vector<std::string> derived(const TraceBuilder& trace) {
  std::vector<std::string> texts;
  for (const auto& event : events_of(trace)) texts.push_back(text_of(event));
  return texts;
}

void no_follow(model::Event& event) { event.flags = AT_SYMLINK_NOFOLLOW; }

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

TEST(Lookup, ALongPathTakesNoLongTime) {
  constexpr int kDirectories = 120'000;
  std::string path;
  for (int i = 0; i < kDirectories; ++i) path += "/" + std::to_string(i) + ":";
  TraceBuilder trace;
  trace.program(1, kGo, path + "/bin");
  for (int i = 0; i < kDirectories; ++i)
    trace.call(1, "newfstatat", "/" + std::to_string(i) + "/gcc", ENOENT);
  trace.call(1, "newfstatat", "/bin/gcc").end(1);
  const auto begin = std::chrono::steady_clock::now();
  const auto events = events_of(trace);
  const auto took = std::chrono::steady_clock::now() - begin;
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].abs, "/bin/gcc");
  // A tenth of it does; quadratic, it would be three times as much.
  EXPECT_LT(took, std::chrono::seconds(3));
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

void asks_to_execute(model::Event& event) { event.mode = 1; }

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
