// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/match/derive.h"
#include "tests/unit/match/trace_builder.h"

namespace driftcage::match {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> derived(const TraceBuilder& trace) {
  std::vector<std::string> texts;
  Deriver deriver([&](const model::Event& event) {
    texts.push_back(std::string(model::verb_name(event.verb)) + " " +
                    event.path + " = " +
                    (event.ok() ? event.abs : base::errno_name(event.err)) +
                    " in " + event.cause_at);
  });
  for (const auto& record : trace.records) deriver.add(record);
  deriver.finish();
  return texts;
}

TraceBuilder program() {
  TraceBuilder trace;
  trace.program(1, "/work/lib", "/bin");
  return trace;
}

TEST(Load, SearchThroughPathsAndCache) {
  TraceBuilder trace = program();
  trace.call(1, "openat", "/opt/lib/glibc-hwcaps/x86-64-v3/libfoo.so.1", ENOENT)
      .call(1, "newfstatat", "/opt/lib/glibc-hwcaps/x86-64-v3", ENOENT)
      .call(1, "openat", "/opt/lib/libfoo.so.1", ENOENT)
      .call(1, "openat", "/etc/ld.so.cache")
      .call(1, "openat", "/usr/lib/libfoo.so.1")
      .call(1, "openat", "/opt/lib/libc.so.6", ENOENT)
      .call(1, "openat", "/lib/x86_64-linux-gnu/libc.so.6");
  EXPECT_THAT(derived(trace),
              ElementsAre("load libfoo.so.1 = /usr/lib/libfoo.so.1 in "
                          "/opt/lib/glibc-hwcaps/x86-64-v3:/opt/lib:/usr/lib",
                          "load libc.so.6 = /lib/x86_64-linux-gnu/libc.so.6 in "
                          "/opt/lib:/lib/x86_64-linux-gnu"));
}

TEST(Load, NothingFound) {
  TraceBuilder trace = program();
  trace.call(1, "openat", "/etc/ld.so.cache")
      .call(1, "openat", "/lib/libfoo.so.1", ENOENT)
      .call(1, "openat", "/usr/lib/libfoo.so.1", ENOENT)
      .end(1, 127);
  EXPECT_THAT(derived(trace),
              ElementsAre("load libfoo.so.1 = ENOENT in /lib:/usr/lib"));
}

TEST(Load, UnreadableIsToldApart) {
  TraceBuilder trace = program();
  trace.call(1, "openat", "/lib/libfoo.so", EACCES)
      .call(1, "openat", "/usr/lib/libfoo.so", ENOENT)
      .end(1);
  EXPECT_THAT(derived(trace),
              ElementsAre("load libfoo.so = EACCES in /lib:/usr/lib"));
}

TEST(Load, FileOfAnotherMachineIsPassedOver) {
  TraceBuilder trace = program();
  const auto other = [](model::Event& event) {
    event.elf.emplace().kind = model::ElfKind::WrongArch;
  };
  trace.call(1, "openat", "/lib32/libfoo.so", 0, other)
      .call(1, "openat", "/usr/lib/libfoo.so")
      .end(1);
  EXPECT_THAT(derived(trace), ElementsAre("load libfoo.so = /usr/lib/libfoo.so "
                                          "in /lib32:/usr/lib"));
  TraceBuilder none = program();
  none.call(1, "openat", "/lib32/libfoo.so", 0, other)
      .call(1, "openat", "/usr/lib/libfoo.so", ENOENT)
      .end(1);
  EXPECT_THAT(derived(none),
              ElementsAre("load libfoo.so = ENOENT in /lib32:/usr/lib"));
}

TEST(Load, EndsWhenTheProgramOpensSomethingElse) {
  TraceBuilder trace = program();
  trace.call(1, "openat", "/lib/libfoo.so", ENOENT)
      .call(1, "openat", "/usr/share/locale/de/libc.mo", ENOENT)
      .call(1, "openat", "/usr/lib/libfoo.so", ENOENT)
      .end(1);
  EXPECT_THAT(derived(trace), ElementsAre("load libfoo.so = ENOENT in /lib",
                                          "load libfoo.so = ENOENT in "
                                          "/usr/lib"));
}

TEST(Load, SameFileAgainIsAnotherLoad) {
  TraceBuilder trace = program();
  trace.call(1, "openat", "/lib/libfoo.so")
      .call(1, "openat", "/lib/libfoo.so")
      .end(1);
  EXPECT_EQ(derived(trace).size(), 2u);
}

TEST(Load, ExecEndsTheSearch) {
  TraceBuilder trace = program();
  trace.call(1, "openat", "/lib/libfoo.so", ENOENT)
      .exec(1, "/bin/other", {"/bin/other"})
      .call(1, "openat", "/usr/lib/libfoo.so")
      .end(1);
  EXPECT_THAT(derived(trace),
              ElementsAre("load libfoo.so = ENOENT in /lib",
                          "load libfoo.so = /usr/lib/libfoo.so in /usr/lib"));
}

TEST(Load, ThreadsLoadApart) {
  TraceBuilder trace = program();
  const auto thread = [](std::int32_t tid) {
    return [tid](model::Event& event) { event.tid = tid; };
  };
  trace.call(1, "openat", "/a/libx.so", ENOENT, thread(1))
      .call(1, "openat", "/a/liby.so", ENOENT, thread(2))
      .call(1, "openat", "/b/libx.so", 0, thread(1))
      .call(1, "openat", "/b/liby.so", 0, thread(2))
      .end(1);
  EXPECT_THAT(derived(trace),
              ElementsAre("load libx.so = /b/libx.so in /a:/b",
                          "load liby.so = /b/liby.so in /a:/b"));
}

TEST(Load, OfManyThreadsTheOldestSearchGivesWay) {
  TraceBuilder trace = program();
  for (std::int32_t tid = 1; tid <= 66; ++tid) {
    trace.call(1, "openat", "/a/lib" + std::to_string(tid) + ".so", ENOENT,
               [tid](model::Event& event) { event.tid = tid; });
  }
  EXPECT_THAT(derived(trace),
              testing::AllOf(testing::SizeIs(66),
                             testing::Contains("load lib66.so = ENOENT in "
                                               "/a")));
}

TEST(Load, RelativeNamesOfDlopen) {
  TraceBuilder trace = program();
  trace.call(1, "openat", "./libfoo.so.1", ENOENT).end(1);
  EXPECT_THAT(derived(trace), ElementsAre("load libfoo.so.1 = ENOENT in /cwd"));
}

// As in a trace where every object could be looked into.
TraceBuilder seeing_program(const std::string& library_path = "",
                            model::ElfKind kind = model::ElfKind::Object) {
  TraceBuilder trace;
  trace.start(1).call(1, "execve", "/work/lib", 0, [&](model::Event& event) {
    event.exec.emplace();
    event.exec->argv = {"/work/lib"};
    event.exec->environment = {"LD_LIBRARY_PATH=" + library_path};
    event.exec->environment_complete = true;
    event.exec->exe = "/work/lib";
    event.elf.emplace().kind = kind;
  });
  return trace;
}

std::function<void(model::Event&)> elf(
    model::ElfKind kind = model::ElfKind::Object) {
  return [kind](model::Event& event) { event.elf.emplace().kind = kind; };
}

TEST(Load, EachWholePathIsALoad) {
  TraceBuilder trace = seeing_program();
  trace.call(1, "openat", "./A/libzz.so", ENOENT)
      .call(1, "openat", "./B/libzz.so", 0, elf())
      .call(1, "openat", "./C/libzz.so", ENOENT)
      .call(1, "openat", "/d/libzz.so", ENOENT)
      .call(1, "openat", "/e/libzz.so", ENOENT)
      .end(1);
  EXPECT_THAT(derived(trace),
              ElementsAre("load libzz.so = ENOENT in /cwd/A",
                          "load libzz.so = /cwd/B/libzz.so in /cwd/B",
                          "load libzz.so = ENOENT in /cwd/C",
                          "load libzz.so = ENOENT in /d",
                          "load libzz.so = ENOENT in /e"));
}

TEST(Load, WhatWasTakenEndsTheSearch) {
  TraceBuilder trace = seeing_program("/b:/c");
  trace.call(1, "openat", "/b/libb.so", 0, elf())
      .call(1, "openat", "/c/libb.so", 0, elf())
      .end(1);
  EXPECT_THAT(derived(trace), ElementsAre("load libb.so = /b/libb.so in /b",
                                          "load libb.so = /c/libb.so in /c"));
}

TEST(Load, TheSameSearchAgainIsAnotherLoad) {
  TraceBuilder trace = seeing_program("/l");
  for (int i = 0; i < 2; ++i) {
    trace.call(1, "openat", "/l/libno.so", ENOENT)
        .call(1, "openat", "/etc/ld.so.cache")
        .call(1, "openat", "/lib/libno.so", ENOENT)
        .call(1, "openat", "/usr/lib/libno.so", ENOENT);
  }
  trace.end(1);
  EXPECT_THAT(derived(trace),
              ElementsAre("load libno.so = ENOENT in /l:/lib:/usr/lib",
                          "load libno.so = ENOENT in /l:/lib:/usr/lib"));
}

TEST(Load, RefusedFilesAreNamed) {
  std::vector<model::Event> loads;
  const auto derive = [&](const TraceBuilder& trace) {
    loads.clear();
    Deriver deriver([&](const model::Event& e) { loads.push_back(e); });
    for (const auto& record : trace.records) deriver.add(record);
  };
  TraceBuilder wrong = seeing_program("/j:/b");
  wrong.call(1, "openat", "/j/libx.so", 0, elf(model::ElfKind::WrongArch))
      .call(1, "openat", "/b/libx.so", ENOENT)
      .end(1);
  derive(wrong);
  ASSERT_EQ(loads.size(), 1u);
  EXPECT_FALSE(loads[0].ok());
  EXPECT_EQ(loads[0].cause, model::Cause::WrongArch);
  EXPECT_EQ(loads[0].cause_note, "/j/libx.so is for another machine");
  EXPECT_EQ(loads[0].cause_at, "/j:/b");

  // The loader gives up at once.
  TraceBuilder text = seeing_program("/j:/b");
  text.call(1, "openat", "/j/libx.so", 0, elf(model::ElfKind::NotElf))
      .call(1, "openat", "/b/libx.so", 0, elf())
      .end(1);
  derive(text);
  ASSERT_EQ(loads.size(), 2u);
  EXPECT_FALSE(loads[0].ok());
  EXPECT_EQ(loads[0].cause, model::Cause::NotElf);
  EXPECT_EQ(loads[0].cause_note, "/j/libx.so is no ELF file");
  EXPECT_TRUE(loads[1].ok());

  TraceBuilder passed = seeing_program("/j:/b");
  passed.call(1, "openat", "/j/libx.so", 0, elf(model::ElfKind::WrongArch))
      .call(1, "openat", "/b/libx.so", 0, elf())
      .end(1);
  derive(passed);
  ASSERT_EQ(loads.size(), 1u);
  EXPECT_EQ(loads[0].abs, "/b/libx.so");
  EXPECT_EQ(loads[0].cause, model::Cause::None);
  EXPECT_EQ(loads[0].cause_note, "");
}

TEST(Load, NotByAStaticProgram) {
  TraceBuilder trace = seeing_program("/l", model::ElfKind::Static);
  trace.call(1, "openat", "/w/libnope.so", ENOENT).end(1);
  EXPECT_THAT(derived(trace), IsEmpty());
  // But glibc can be linked in with its loader.
  TraceBuilder nss = seeing_program("/l", model::ElfKind::Static);
  nss.call(1, "openat", "/l/libnss_x.so.2", ENOENT)
      .call(1, "openat", "/etc/ld.so.cache")
      .call(1, "openat", "/lib/libnss_x.so.2", 0, elf())
      .end(1);
  EXPECT_THAT(derived(nss), ElementsAre("load libnss_x.so.2 = "
                                        "/lib/libnss_x.so.2 in /l:/lib"));
}

TEST(Load, ANameAloneIsNoStepOfASearch) {
  TraceBuilder trace = seeing_program("/l");
  trace.call(1, "openat", "libq.so", ENOENT).end(1);
  EXPECT_THAT(derived(trace), IsEmpty());
  TraceBuilder here = seeing_program("/l:");
  here.call(1, "openat", "libq.so", ENOENT).end(1);
  EXPECT_THAT(derived(here), ElementsAre("load libq.so = ENOENT in /cwd"));
}

TEST(Load, AChildGoesOnWithWhatIsLoaded) {
  TraceBuilder trace = seeing_program("/l");
  trace.start(2, 1)
      .call(2, "openat", "/l/libx.so", ENOENT)
      .call(2, "openat", "/etc/ld.so.cache")
      .call(2, "openat", "/lib/libx.so", 0, elf())
      .end(2);
  std::vector<std::string> rules;
  Deriver deriver([&](const model::Event& e) { rules.push_back(e.origins); });
  for (const auto& record : trace.records) deriver.add(record);
  EXPECT_THAT(rules, ElementsAre("LD_LIBRARY_PATH:ld.so.cache"));
}

// Their lists are missing, if there are any.
TEST(Load, OnlyLibrariesThatCouldNotBeReadLeaveGaps) {
  const auto loads = [](const std::string& path, std::uint64_t flags) {
    TraceBuilder trace = seeing_program("/l");
    trace.call(1, "openat", path, 0, [=](auto& e) { e.flags = flags; })
        .call(1, "openat", "/a/libx.so", ENOENT)
        .call(1, "openat", "/b/libx.so", ENOENT)
        .end(1);
    auto texts = derived(trace);
    std::erase_if(texts, [](const std::string& text) {
      return text.find("libx.so") == std::string::npos;
    });
    return texts.size();
  };
  constexpr std::uint64_t kLoad = O_RDONLY | O_CLOEXEC;
  EXPECT_EQ(loads("/l/libunreadable.so", kLoad), 1u);
  EXPECT_EQ(loads("/run/x.socket", kLoad), 2u);
  EXPECT_EQ(loads("/w/a.source", O_RDONLY), 2u);
  EXPECT_EQ(loads("/l/libunreadable.so", O_RDONLY), 2u);
  EXPECT_EQ(loads("/l/libunreadable.so", O_WRONLY | O_CLOEXEC), 2u);
}

// The link editor reads libraries too, but without close-on-exec.
TEST(Load, OnlyTheLoadersWayOfOpening) {
  TraceBuilder trace = program();
  const auto flags = [](std::uint64_t value) {
    return [value](model::Event& event) { event.flags = value; };
  };
  trace.call(1, "openat", "/usr/lib/libfoo.so", 0, flags(O_RDONLY))
      .call(1, "openat", "/w/libfoo.so", 0, flags(O_RDWR | O_CLOEXEC))
      .call(1, "openat", "/usr/lib/libfoo.a", ENOENT)
      .call(1, "openat", "/etc/ld.so.cache")
      .call(1, "openat", "/etc/ld.so.preload", ENOENT)
      .call(1, "openat", "/x/notes.solution", ENOENT)
      .call(1, "openat", "/x/.so", ENOENT)
      .call(1, "newfstatat", "/usr/lib/libfoo.so", ENOENT)
      .end(1);
  EXPECT_THAT(derived(trace), IsEmpty());
}

}  // namespace
}  // namespace driftcage::match
