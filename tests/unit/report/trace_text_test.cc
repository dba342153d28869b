// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cerrno>

#include <nlohmann/json.hpp>

#include "harness/report/trace_view.h"
#include "tests/unit/match/trace_builder.h"

namespace driftcage::report {
namespace {

using testing::_;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;

match::TraceBuilder sample() {
  match::TraceBuilder trace;
  wire::Hello hello;
  hello.engine = "seccomp";
  trace.records.emplace_back(hello);
  trace.program(1, "/usr/bin/go", "/a:/b")
      .call(1, "openat", "/work/go.mod")
      .call(1, "openat", "/etc/none", ENOENT)
      .call(1, "newfstatat", "/a/gcc", ENOENT)
      .call(1, "newfstatat", "/b/gcc", ENOENT)
      .start(2, 1)
      .exec(2, "/a/cgo", {"cgo", "-x", "a b"}, {}, false, ENOENT)
      .exec(2, "/b/cgo", {"cgo", "-x", "a b"})
      .end(2, 2)
      .end(1, 0);
  wire::End end;
  end.events = 8;
  trace.records.emplace_back(end);
  return trace;
}

std::vector<std::string> lines(const match::TraceBuilder& trace,
                               const TraceOptions& options) {
  std::vector<std::string> result;
  TraceWriter writer(options, [&](std::string_view line) {
    EXPECT_EQ(line.find('\n'), line.size() - 1);
    result.emplace_back(line.substr(0, line.size() - 1));
  });
  for (const auto& record : trace.records) writer.add(record);
  writer.finish();
  return result;
}

TEST(TraceText, DefaultShowsProgramsAndFailedSearches) {
  EXPECT_THAT(
      lines(sample(), {}),
      ElementsAre(
          "   0.000 -[101]            exec /usr/bin/go = ok   # stage list; "
          "/usr/bin/go",
          "   0.000 go[101]           open /etc/none = ENOENT   # stage list",
          "   0.000 go[101]           lookup gcc = none   # tried /a, /b; "
          "stage list",
          "   0.000   go[102]         exec /b/cgo = ok   # stage list; cgo "
          "-x 'a b'",
          "   0.000   cgo[102]        exit 2   # stage list"));
}

TEST(TraceText, DefaultFoldsTheLoadersSteps) {
  match::TraceBuilder trace;
  trace.program(1, "/work/lib", "/bin")
      .call(1, "openat", "/a/libfoo.so.1", ENOENT)
      .call(1, "openat", "/b/libfoo.so.1", ENOENT)
      .end(1, 127);
  EXPECT_THAT(
      lines(trace, {}),
      ElementsAre(HasSubstr("exec /work/lib = ok"),
                  HasSubstr("load libfoo.so.1 = none   # tried /a by path, /b "
                            "by path"),
                  HasSubstr("exit 127")));
}

TEST(TraceText, NamesWhatTheLoaderRefused) {
  match::TraceBuilder trace;
  trace.program(1, "/work/lib", "/bin")
      .call(1, "openat", "/j/libfoo.so", 0,
            [](model::Event& event) {
              event.elf.emplace().kind = model::ElfKind::WrongArch;
            })
      .call(1, "openat", "/b/libfoo.so", ENOENT)
      .end(1, 127);
  EXPECT_THAT(
      lines(trace, {}),
      ElementsAre(HasSubstr("exec /work/lib = ok"),
                  HasSubstr("load libfoo.so = wrong-arch   # "
                            "/j/libfoo.so is for another machine; tried "
                            "/j by path, /b by path"),
                  HasSubstr("exit 127")));
}

TEST(TraceText, ABadEndTellsWhatIsNotShown) {
  const auto last = [](int code, const TraceOptions& options, int stats) {
    match::TraceBuilder trace;
    trace.program(1, "/bin/sh", "/a:/b")
        .call(1, "access", "/etc/ld.so.preload", ENOENT)
        .call(1, "newfstatat", "/lib/glibc-hwcaps/x86-64-v3", ENOENT)
        .call(1, "newfstatat", "/a/gcc", ENOENT)
        .call(1, "newfstatat", "/b/gcc", ENOENT);
    for (int i = 0; i < stats; ++i)
      trace.call(1, "newfstatat", "/w/config", ENOENT);
    trace.call(1, "mkdirat", "/w/out", EACCES).end(1, code);
    wire::End end;
    end.status = base::WaitStatus::exited(code);
    trace.records.emplace_back(end);
    return lines(trace, options).back();
  };
  EXPECT_EQ(last(1, {}, 2),
            "driftcage: note: 3 failed calls are not shown (stat 2, mkdir 1): "
            "--failed shows them");
  EXPECT_EQ(last(1, {}, 0),
            "driftcage: note: 1 failed call is not shown (mkdir 1): --failed "
            "shows it");
  EXPECT_THAT(last(0, {}, 2), testing::Not(HasSubstr("not shown")));
  TraceOptions other;
  other.detail = TraceDetail::Failed;
  EXPECT_THAT(last(1, other, 2), EndsWith("exit 1"));
  for (const auto format : {TraceFormat::Json, TraceFormat::Strace}) {
    TraceOptions options;
    options.format = format;
    EXPECT_THAT(last(1, options, 2), testing::Not(HasSubstr("not shown")));
  }
}

TEST(TraceText, TheStageComesBeforeALongCommand) {
  match::TraceBuilder trace;
  trace.program(1, "/usr/bin/go", "/a")
      .start(2, 1)
      .exec(2, "/t/compile", {"compile", std::string(500, 'x')});
  EXPECT_THAT(lines(trace, {}).back(),
              testing::AllOf(HasSubstr("# stage list; compile xxx"),
                             HasSubstr("x...")));
}

TEST(TraceText, AStaticProgramsOpensAreNoStepsOfALoad) {
  match::TraceBuilder trace;
  trace.program(1, "/work/static", "/bin");
  std::get<model::Event>(trace.records.back()).elf.emplace().kind =
      model::ElfKind::Static;
  trace.call(1, "openat", "/w/libnope.so", ENOENT).end(1);
  EXPECT_THAT(lines(trace, {}),
              ElementsAre(HasSubstr("exec /work/static = ok"),
                          HasSubstr("open /w/libnope.so = ENOENT")));
}

TEST(TraceText, TellsWhatReallyRunsAndByWhichRule) {
  match::TraceBuilder trace;
  trace.start(1).exec(1, "/bin/cc", {"gcc", "-v"}, {}, true);
  std::get<model::Event>(trace.records.back()).exec->exe = "/usr/bin/gcc-12";
  trace.exec(1, "/bin/script", {"./script"}, {"A=1", "B"});
  auto& script = std::get<model::Event>(trace.records.back());
  script.real = "/bin/script";
  script.exec->exe = "/usr/bin/dash";
  script.exec->interpreters = {"/bin/sh", "/lib64/ld.so"};
  trace.call(1, "openat", "/opt/libfoo.so.1", 0)
      .call(1, "openat", "/gone", 0,
            [](model::Event& event) {
              event.file = model::FileId{1, 2, true};
            })
      .call(1, "openat", "/closed/x", EACCES, [](model::Event& event) {
        event.cause = model::Cause::NoSearchPermission;
        event.cause_at = "/closed";
        event.cause_note = "mode 0700, owner 0:0, caller 1:1";
      });
  TraceOptions options;
  options.detail = TraceDetail::All;
  EXPECT_THAT(
      lines(trace, options),
      ElementsAre(
          HasSubstr("# gcc -v; really /usr/bin/gcc-12"),
          HasSubstr("# ./script; by /bin/sh /lib64/ld.so; env +A=1 -B"),
          HasSubstr("open /opt/libfoo.so.1 = ok"),
          HasSubstr("open /gone = ok   # deleted"),
          HasSubstr("load libfoo.so.1 = ok   # at /opt/libfoo.so.1 by path"),
          HasSubstr("# no permission to search /closed; mode 0700, owner 0:0, "
                    "caller 1:1")));
}

// Parts of one library are mapped r--, r-x and rw-.
constexpr std::uint32_t kLibrary = 1U << PROT_READ |
                                   1U << (PROT_READ | PROT_EXEC) |
                                   1U << (PROT_READ | PROT_WRITE);

TEST(TraceText, MappedFilesAreComparedWithWhatWasOpened) {
  match::TraceBuilder trace;
  trace.program(1, "/bin/old", "/bin")
      .call(1, "openat", "/lib/old.so", 0,
            [](model::Event& event) { event.real = "/lib/old.so"; });
  trace.exec(1, "/bin/new", {"new"});
  std::get<model::Event>(trace.records.back()).exec->loader = "/usr/lib/ld.so";
  trace
      .call(1, "openat", "/lib/new.so", 0,
            [](model::Event& event) { event.real = "/usr/lib/new.so.1"; })
      .call(1, "openat", "/was", 0, [](model::Event& event) {
        event.real = "/was";
        event.file = model::FileId{7, 8, false};
      });
  trace.records.emplace_back(model::Mapped{1,
                                           2,
                                           9,
                                           {{"/bin/new", {1, 1, false}, 2},
                                            {"/usr/lib/ld.so", {}, 2},
                                            {"/usr/lib/new.so.1", {}, kLibrary},
                                            {"/lib/old.so", {1, 2, true}, 2},
                                            {"/renamed", {7, 8, false}, 2},
                                            {"/dev/zero", {0, 9, true}, 2}}});
  TraceOptions options;
  options.mapped = true;
  EXPECT_THAT(lines(trace, options),
              ElementsAre(_, _, EndsWith("mapped r-- /bin/new"),
                          EndsWith("mapped r-- /usr/lib/ld.so"),
                          EndsWith("mapped r-- rw- r-x /usr/lib/new.so.1"),
                          EndsWith("mapped r-- /lib/old.so (deleted)   # no "
                                   "open of it was seen"),
                          EndsWith("mapped r-- /renamed"),
                          EndsWith("mapped r-- /dev/zero (deleted)")));
  options.format = TraceFormat::Json;
  const auto files =
      nlohmann::json::parse(lines(trace, options).back())["files"];
  EXPECT_EQ(files[1]["opened"], 3);
  EXPECT_EQ(files[2]["opened"], 4);
  EXPECT_EQ(files[2]["rights"], "r-- rw- r-x");
  EXPECT_FALSE(files[3].contains("opened"));
  EXPECT_EQ(files[4]["opened"], 5);
}

TEST(TraceText, AFilteredTraceHasWholeEnvironments) {
  match::TraceBuilder trace;
  trace.program(1, "/bin/sh", "/bin")
      .start(2, 1)
      .exec(2, "/bin/tool", {"tool"}, {"A=1"});
  model::EventLine line;
  line.verb = model::Verb::Exec;
  line.subject = "**/tool";
  TraceOptions options;
  options.format = TraceFormat::Json;
  for (const bool filtered : {false, true}) {
    std::vector<match::LineTest> filter;
    if (filtered) filter.push_back(*match::LineTest::make(line, {}));
    std::string last;
    TraceWriter writer(
        options, [&](std::string_view text) { last = text; },
        std::move(filter));
    for (const auto& record : trace.records) writer.add(record);
    const auto event = nlohmann::json::parse(last);
    EXPECT_EQ(event["env_complete"], filtered);
    EXPECT_EQ(event["env"].size(), filtered ? 2U : 1U) << last;
  }
}

TEST(TraceText, AFilterShowsWhatFitsAndNothingElse) {
  model::EventLine line;
  line.verb = model::Verb::Stat;
  line.subject = "/b/*";
  std::vector<match::LineTest> filter;
  filter.push_back(*match::LineTest::make(line, {}));
  std::vector<std::string> shown;
  TraceWriter writer(
      {}, [&](std::string_view text) { shown.emplace_back(text); },
      std::move(filter));
  const match::TraceBuilder trace = sample();
  for (const auto& record : trace.records) writer.add(record);
  writer.finish();
  EXPECT_THAT(shown, ElementsAre(HasSubstr("stat /b/gcc = ENOENT")));
}

TEST(TraceText, FailedShowsEveryFailureAndNothingElse) {
  TraceOptions options;
  options.detail = TraceDetail::Failed;
  EXPECT_THAT(
      lines(sample(), options),
      ElementsAre(HasSubstr("open /etc/none = ENOENT"),
                  HasSubstr("stat /a/gcc = ENOENT"),
                  HasSubstr("stat /b/gcc = ENOENT"),
                  HasSubstr("lookup gcc = none"),
                  HasSubstr("exec /a/cgo = ENOENT"), HasSubstr("exit 2")));
}

TEST(TraceText, AllShowsAll) {
  TraceOptions options;
  options.detail = TraceDetail::All;
  const auto all = lines(sample(), options);
  EXPECT_EQ(all.size(), 11u);
  EXPECT_THAT(all, testing::Contains(HasSubstr("open /work/go.mod = ok")));
  EXPECT_THAT(all,
              testing::Contains(HasSubstr("lookup cgo = ok   # at /b/cgo")));
  EXPECT_THAT(all.back(), HasSubstr("exit 0"));
}

TEST(TraceText, ColoursOnlyWhenAsked) {
  TraceOptions options;
  for (const auto& line : lines(sample(), options)) {
    EXPECT_EQ(line.find('\x1b'), std::string::npos);
  }
  options.color = true;
  EXPECT_THAT(
      lines(sample(), options),
      testing::Contains(HasSubstr("\x1b[31mopen /etc/none = ENOENT\x1b[0m")));
}

TEST(TraceText, OutputOfTheTraceeCannotBreakLines) {
  match::TraceBuilder trace;
  trace.program(1, "/bin/x\n\x1b[2J", "/a")
      .call(1, "openat", "/a\nb", ENOENT)
      .exec(1, "/bin/y", {"y", "a\nb\x1b"});
  EXPECT_THAT(lines(trace, {}),
              ElementsAre(HasSubstr("exec /bin/x\\x0a\\x1b\\[2J = ok"),
                          HasSubstr("open /a\\x0ab = ENOENT"),
                          HasSubstr("# y 'a\\x0ab\\x1b'")));
}

TEST(TraceJson, OneObjectALineInOrder) {
  TraceOptions options;
  options.format = TraceFormat::Json;
  std::vector<std::string> types;
  std::vector<nlohmann::json> values;
  for (const auto& line : lines(sample(), options)) {
    values.push_back(nlohmann::json::parse(line));
    EXPECT_EQ(values.back()["v"], 1);
    types.push_back(values.back()["type"]);
  }
  EXPECT_THAT(types, ElementsAre("trace", "process", "event", "event", "event",
                                 "process", "event", "exit", "exit", "end"));
  EXPECT_EQ(values[0]["start"], "1970-01-01T00:00:00.000000000Z");
  EXPECT_EQ(values[4]["verb"], "lookup");
  EXPECT_EQ(values[6]["program"], "go");
  EXPECT_EQ(values[7]["code"], 2);
  EXPECT_TRUE(values[7]["signal"].is_null());
  EXPECT_EQ(values[7]["program"], "cgo");
  EXPECT_EQ(values[9]["outcome"], "finished");
  EXPECT_EQ(values[9]["integrity"], "complete");
}

TEST(TraceText, DeepTreesStayReadable) {
  match::TraceBuilder trace;
  trace.program(1, "/bin/sh", "/a");
  for (std::uint32_t i = 2; i < 40; ++i) trace.start(i, i - 1);
  trace.call(39, "openat", "/x", ENOENT);
  EXPECT_LT(lines(trace, {}).back().size(), 80u);
}

TEST(TracedVerbs, SearchesAlwaysIncluded) {
  const auto bit = [](model::Verb verb) {
    return 1u << static_cast<unsigned>(verb);
  };
  for (const auto detail :
       {TraceDetail::Default, TraceDetail::Failed, TraceDetail::All}) {
    const std::uint32_t verbs = traced_verbs(detail);
    EXPECT_TRUE(verbs & bit(model::Verb::Exec));
    EXPECT_TRUE(verbs & bit(model::Verb::Lookup));
    EXPECT_FALSE(verbs & bit(model::Verb::Write));
  }
  EXPECT_FALSE(traced_verbs(TraceDetail::Default) & bit(model::Verb::Mkdir));
  EXPECT_TRUE(traced_verbs(TraceDetail::All) & bit(model::Verb::Mkdir));
}

TEST(CommandText, QuotesAndCuts) {
  EXPECT_EQ(command_text({"go", "build", "-o=x", ""}), "go build -o=x ''");
  EXPECT_EQ(command_text({"echo", "it's"}), "echo 'it'\\''s'");
  EXPECT_EQ(command_text({"sh", "-c", "a; b"}), "sh -c 'a; b'");
  EXPECT_LE(command_text(std::vector<std::string>(500, "word"), 50).size(),
            50u);
}

}  // namespace
}  // namespace driftcage::report
