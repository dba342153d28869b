// SPDX-License-Identifier: Apache-2.0
#include "harness/match/matcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/match/line_test.h"
#include "harness/scenario/parser.h"
#include "tests/unit/match/trace_builder.h"

namespace driftcage::match {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const Variables kVariables{{"WORK", "/work"}, {"HOME", "/home/cage"}};

model::EventLine line(const std::string& text) {
  const auto parsed = scenario::parse_event_line(text, {"t.toml", 1, 1, 1});
  EXPECT_TRUE(parsed) << text << ": " << (parsed ? "" : parsed.error().message);
  return parsed ? *parsed : model::EventLine{};
}

LineMatch match(const model::EventLine& wanted, const TraceBuilder& trace) {
  auto matcher = LineMatcher::make({wanted}, kVariables);
  if (!matcher) {
    ADD_FAILURE() << matcher.error().message();
    return {};
  }
  for (const auto& record : trace.records) matcher->add(record);
  matcher->finish();
  return matcher->result().at(0);
}

std::uint64_t count(const std::string& text, const TraceBuilder& trace) {
  return match(line(text), trace).count;
}

TraceBuilder sample() {
  TraceBuilder trace;
  trace.program(1, "/usr/lib/go/bin/go", "/usr/local/bin:/usr/bin")
      .call(1, "openat", "/home/cage/.config/go/env", ENOENT)
      .call(1, "newfstatat", "/usr/local/bin/gcc", ENOENT)
      .call(1, "newfstatat", "/usr/bin/gcc")
      .call(1, "openat", "main.go")
      .start(2, 1)
      .call(2, "execve", "/tool/cgo", 0,
            [](model::Event& e) {
              e.exec.emplace();
              e.exec->exe = "/real/cgo-bin";
            })
      .call(2, "newfstatat", "/usr/local/bin/gcc", ENOENT)
      .call(2, "newfstatat", "/usr/bin/gcc", ENOENT)
      .end(2, 2)
      .call(1, "getcwd", "", ENOENT)
      .end(1, 1);
  return trace;
}

TEST(Matcher, VerbsSubjectsAndResults) {
  const TraceBuilder trace = sample();
  EXPECT_EQ(count("open $HOME/.config/go/env", trace), 1u);
  EXPECT_EQ(count("open $HOME/.config/go/env = ENOENT", trace), 1u);
  EXPECT_EQ(count("open $HOME/.config/go/env = fail", trace), 1u);
  EXPECT_EQ(count("open $HOME/.config/go/env = ok", trace), 0u);
  EXPECT_EQ(count("open $HOME/.config/go/env = EACCES", trace), 0u);
  EXPECT_EQ(count("stat $HOME/.config/go/env", trace), 0u);
  EXPECT_EQ(count("stat **/gcc", trace), 4u);
  EXPECT_EQ(count("stat **/gcc = ok", trace), 1u);
  EXPECT_EQ(count("any **/gcc", trace), 4u);
  EXPECT_EQ(count("exec /tool/cgo = ok", trace), 1u);
  EXPECT_EQ(count("getcwd * = ENOENT", trace), 1u);
}

TEST(Matcher, SubjectsWithoutDirectoryMatchBaseNames) {
  const TraceBuilder trace = sample();
  EXPECT_EQ(count("exec cgo", trace), 1u);
  EXPECT_EQ(count("stat g*c", trace), 4u);
  EXPECT_EQ(count("open *.go", trace), 1u);
  EXPECT_EQ(count("open go", trace), 0u);
}

TEST(Matcher, RelativeSubjectsMatchThePathAsPassed) {
  TraceBuilder trace;
  trace.start(1)
      .call(1, "openat", "vendor/modules.txt", ENOENT)
      .call(1, "openat", "/x/vendor/modules.txt", ENOENT);
  EXPECT_EQ(count("open vendor/modules.txt", trace), 1u);
  EXPECT_EQ(count("open **/vendor/modules.txt", trace), 2u);
}

TEST(Matcher, RealPathCountsToo) {
  TraceBuilder trace;
  trace.start(1).call(1, "openat", "/usr/bin/gcc", 0, [](model::Event& e) {
    e.real = "/usr/bin/x86_64-linux-gnu-gcc-12";
  });
  EXPECT_EQ(count("open /usr/bin/gcc", trace), 1u);
  EXPECT_EQ(count("open /usr/bin/x86_64-linux-gnu-gcc-12", trace), 1u);
  EXPECT_EQ(count("open x86_64-linux-gnu-gcc-12", trace), 1u);
}

TEST(Matcher, LookupsAndLoadsAreDerived) {
  TraceBuilder trace = sample();
  EXPECT_EQ(count("lookup gcc", trace), 2u);
  EXPECT_EQ(count("lookup gcc = none", trace), 1u);
  EXPECT_EQ(count("lookup gcc = ok", trace), 1u);
  EXPECT_EQ(count("lookup gcc = none by cgo", trace), 1u);
  EXPECT_EQ(count("lookup gcc = none by go", trace), 0u);
  EXPECT_EQ(count("lookup cc", trace), 0u);
  EXPECT_EQ(count("open gcc", trace), 0u);

  trace.start(3).call(3, "openat", "/lib/libfoo.so.1", ENOENT);
  EXPECT_EQ(count("load libfoo.so.1 = none", trace), 1u);
  EXPECT_EQ(count("load libfoo.so* = none", trace), 1u);
  EXPECT_EQ(count("load libfoo.so.1 = ok", trace), 0u);
}

TEST(Matcher, ByIsTheProgramBeforeAnExec) {
  const TraceBuilder trace = sample();
  EXPECT_EQ(count("exec cgo by go", trace), 1u);
  EXPECT_EQ(count("exec cgo by cgo", trace), 0u);
  EXPECT_EQ(count("stat gcc by cgo", trace), 2u);
  EXPECT_EQ(count("stat gcc by cgo-bin", trace), 2u);
  EXPECT_EQ(count("stat gcc by /tool/*", trace), 2u);
  EXPECT_EQ(count("stat gcc by **/cgo-bin", trace), 2u);
  EXPECT_EQ(count("stat gcc by c*", trace), 2u);
  EXPECT_EQ(count("stat gcc by /other/cgo", trace), 0u);
}

TEST(Matcher, CausesAndCalls) {
  TraceBuilder trace;
  trace.start(1).call(1, "execve", "/opt/tool", ENOENT, [](model::Event& e) {
    e.cause = model::Cause::NoLoader;
    e.cause_at = "/lib64/ld-none.so";
  });
  trace.call(1, "statx", "/opt/tool");
  EXPECT_EQ(count("exec /opt/tool = no-loader", trace), 1u);
  EXPECT_EQ(count("exec /opt/tool = ENOENT", trace), 1u);
  EXPECT_EQ(count("exec /opt/tool = no-interpreter", trace), 0u);
  model::EventLine exact = line("stat /opt/tool");
  exact.syscall = model::Syscall::Statx;
  EXPECT_EQ(match(exact, trace).count, 1u);
  exact.syscall = model::Syscall::Newfstatat;
  EXPECT_EQ(match(exact, trace).count, 0u);
}

TEST(Matcher, CountsDecide) {
  const TraceBuilder trace = sample();
  EXPECT_TRUE(match(line("stat gcc"), trace).holds);
  EXPECT_TRUE(match(line("stat gcc x4"), trace).holds);
  EXPECT_FALSE(match(line("stat gcc x3"), trace).holds);
  EXPECT_FALSE(match(line("stat gcc x<=3"), trace).holds);
  EXPECT_TRUE(match(line("stat gcc x>=4"), trace).holds);
  EXPECT_TRUE(match(line("stat gcc x2..4"), trace).holds);
  EXPECT_TRUE(match(line("stat nothing x0"), trace).holds);
  EXPECT_FALSE(match(line("stat nothing"), trace).holds);
}

TEST(Matcher, FirstSightingsSayWho) {
  const LineMatch result = match(line("stat gcc"), sample());
  ASSERT_EQ(result.first.size(), 3u);
  EXPECT_EQ(result.first[0].program, "go");
  EXPECT_EQ(result.first[0].pid, 101);
  EXPECT_EQ(result.first[2].program, "cgo");
  EXPECT_THAT(result.closest, IsEmpty());
}

std::vector<std::string> closest(const std::string& text,
                                 const TraceBuilder& trace) {
  std::vector<std::string> texts;
  for (const Sighting& near : match(line(text), trace).closest) {
    const model::Event& event = near.event;
    texts.push_back(std::string(model::verb_name(event.verb)) + " " +
                    (event.abs.empty() ? event.path : event.abs) + " by " +
                    near.program + ": " + near.differs);
  }
  return texts;
}

TEST(Matcher, ClosestEvents) {
  const TraceBuilder trace = sample();
  EXPECT_THAT(closest("open $HOME/.config/go/env = ok", trace),
              ElementsAre("open /home/cage/.config/go/env by go: result"));
  EXPECT_THAT(
      closest("lookup gcc = ok by cgo", trace),
      ElementsAre("lookup gcc by cgo: result", "lookup /usr/bin/gcc by go: by",
                  "stat /usr/local/bin/gcc by go: verb"));
  EXPECT_THAT(closest("open /elsewhere/main.go", trace),
              ElementsAre("open /cwd/main.go by go: directory"));
  EXPECT_THAT(closest("exec /tool/ccgo", trace),
              ElementsAre("exec /tool/cgo by go: name",
                          "exec /usr/lib/go/bin/go by : name"));
  EXPECT_THAT(closest("exec **/gcc", trace),
              ElementsAre("stat /usr/local/bin/gcc by go: verb",
                          "stat /usr/bin/gcc by go: verb",
                          "stat /usr/local/bin/gcc by cgo: verb"));
  EXPECT_THAT(closest("exec /nowhere/gcc", trace),
              testing::Contains("stat /usr/bin/gcc by go: verb and directory"));
  EXPECT_THAT(closest("open **/utterly-different", trace), IsEmpty());
}

TEST(Matcher, SubjectFitsButNotTheProgram) {
  EXPECT_EQ(closest("exec cgo by sh", sample()).at(0),
            "exec /tool/cgo by go: by");
}

TEST(Matcher, SeveralLinesKeepTheirOrder) {
  auto matcher = LineMatcher::make(
      {line("stat gcc"), line("exec cgo"), line("open x")}, kVariables);
  ASSERT_TRUE(matcher);
  for (const auto& record : sample().records) matcher->add(record);
  matcher->finish();
  const auto result = matcher->result();
  ASSERT_EQ(result.size(), 3u);
  EXPECT_EQ(result[0].count, 4u);
  EXPECT_EQ(result[1].count, 1u);
  EXPECT_EQ(result[2].count, 0u);
}

TEST(Matcher, WorksAfterBeingMoved) {
  auto made = LineMatcher::make({line("lookup gcc = none")}, kVariables);
  ASSERT_TRUE(made);
  LineMatcher matcher = std::move(*made);
  for (const auto& record : sample().records) matcher.add(record);
  matcher.finish();
  EXPECT_EQ(matcher.result()[0].count, 1u);
}

TEST(Matcher, RefusesUnknownVariables) {
  const auto matcher = LineMatcher::make({line("open $GOROOT/x")}, kVariables);
  ASSERT_FALSE(matcher);
  EXPECT_THAT(matcher.error().message(), testing::HasSubstr("$GOROOT"));
}

GatedCalls gated(std::initializer_list<std::string> texts) {
  std::vector<model::EventLine> lines;
  for (const auto& text : texts) lines.push_back(line(text));
  return gated_calls(lines);
}

TEST(GatedCalls, HaveTheNamesOfEveryLineThatTheyCouldMatterTo) {
  EXPECT_THAT(gated({"stat $WORK/go.mod = ok", "stat **/*gcc", "open /etc/x",
                     "readlink **/link", "any **/file"})
                  .names,
              ElementsAre("go.mod", "*gcc", "link", "file"));
  EXPECT_THAT(gated({"stat $GOCACHE/{hash}"}).names, ElementsAre("*"));
  EXPECT_THAT(gated({"stat /tmp/go-build{n}"}).names,
              ElementsAre("/tmp/go-build*" + 5));
  EXPECT_THAT(gated({"stat $WORK"}).names, ElementsAre("*"));
  EXPECT_THAT(gated({"stat **"}).names, ElementsAre("*"));
  EXPECT_THAT(gated({"stat **/{gcc,cc}"}).names, ElementsAre("*"));
  EXPECT_THAT(gated({"exec **/gcc", "open x"}).names, IsEmpty());
}

TEST(GatedCalls, AreNoneWhereASearchMayEndByThem) {
  EXPECT_EQ(gated({"lookup gcc = none", "open **/x = fail"}), GatedCalls());
}

TEST(GatedCalls, AreOpensWhereOnlyFailedOnesAreAskedFor) {
  const auto opens = [](std::initializer_list<std::string> texts) {
    const std::uint32_t verbs = gated(texts).verbs;
    EXPECT_NE(verbs & 1u << static_cast<unsigned>(model::Verb::Stat), 0u);
    return (verbs & 1u << static_cast<unsigned>(model::Verb::Open)) != 0;
  };
  EXPECT_TRUE(opens({"exec **/gcc = ok", "stat **/gcc"}));
  EXPECT_TRUE(opens({"open **/go.mod = ENOENT", "open /x = fail"}));
  EXPECT_TRUE(opens({"open **/x = dangling", "stat /x = ok"}));
  EXPECT_THAT(gated({"open **/go.mod = ENOENT"}).names, ElementsAre("go.mod"));
  // The file really opened may have another name than the one asked for.
  EXPECT_FALSE(opens({"open **/x = fail", "open **/libc.so.6 = ok"}));
  EXPECT_FALSE(opens({"open **/x"}));
  EXPECT_FALSE(opens({"any **/x"}));
  // A load is made of opens of other names, too.
  EXPECT_FALSE(opens({"load libz.so.1 = none"}));
}

}  // namespace
}  // namespace driftcage::match
