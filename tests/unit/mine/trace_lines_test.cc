// SPDX-License-Identifier: Apache-2.0
#include "harness/mine/trace_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "tests/unit/match/trace_builder.h"

namespace driftcage::mine {
namespace {

using ::testing::Contains;

std::vector<std::string> texts_of(const match::TraceBuilder& trace) {
  TraceLineCollector collector(
      {{"WORK", "/work"}, {"TMP", "/tmp"}, {"GOCACHE", "/home/cage/c"}});
  for (const auto& record : trace.records) collector.add(record);
  std::vector<std::string> texts;
  for (const TraceLine& line : collector.take()) {
    texts.push_back(line.text(true, true));
  }
  return texts;
}

TEST(TraceLines, PlacesBecomeVariables) {
  match::TraceBuilder trace;
  trace.program(1, "/usr/bin/go", "/usr/bin")
      .call(1, "openat", "/work/go.mod", ENOENT);
  EXPECT_THAT(texts_of(trace), Contains("open $WORK/go.mod = ENOENT by go"));
}

TEST(TraceLines, AnExecutedProgramIsItsName) {
  match::TraceBuilder trace;
  trace.program(1, "/usr/bin/go", "/usr/bin");
  EXPECT_THAT(texts_of(trace), Contains("exec go = ok"));
}

TEST(TraceLines, ABuiltProgramIsFoundWhereverItWasBuilt) {
  match::TraceBuilder trace;
  trace.program(1, "/usr/bin/go", "/usr/bin")
      .exec(1, "/tmp/go-build4711/b001/exe/t", {"t"});
  EXPECT_THAT(texts_of(trace), Contains("exec **/b001/exe/t = ok by go"));
}

TEST(TraceLines, ASearchIsALine) {
  match::TraceBuilder trace;
  trace.program(1, "/usr/bin/go", "/a:/b")
      .call(1, "newfstatat", "/a/gcc", ENOENT)
      .call(1, "newfstatat", "/b/gcc", ENOENT)
      .end(1);
  EXPECT_THAT(texts_of(trace), Contains("lookup gcc = none by go"));
}

// Which folders PATH has is a matter of the machine.
TEST(TraceLines, StepsOfASearchAreKnown) {
  match::TraceBuilder trace;
  trace.program(1, "/usr/bin/go", "/a:/b:/c")
      .call(1, "newfstatat", "/a/gcc", ENOENT)
      .call(1, "newfstatat", "/b/gcc", 0)
      .call(1, "newfstatat", "/opt/sdk/gcc", ENOENT)
      .end(1);
  TraceLineCollector collector({});
  for (const auto& record : trace.records) collector.add(record);
  std::vector<std::string> probes;
  for (const TraceLine& line : collector.take()) {
    if (line.probe) probes.push_back(line.subject);
  }
  EXPECT_THAT(probes, ::testing::ElementsAre("/a/gcc"));
}

TEST(TraceLines, NumbersAndHashesThatVaryDoNot) {
  EXPECT_EQ(stable_subject("$TMP/go-build123/b001/x"),
            "$TMP/go-build{n}/b001/x");
  EXPECT_EQ(stable_subject("$GOCACHE/0a/" + std::string(64, 'a') + "-d"),
            "$GOCACHE/{hash}");
  EXPECT_EQ(stable_subject("$GOCACHE/0a/0a1b2c3d4e5f60718293-d/hello"),
            "$GOCACHE/{hash}/hello");
  EXPECT_EQ(stable_subject("$GOCACHE/0a"), "$GOCACHE/{hash}");
  EXPECT_EQ(stable_subject("/proc/77/stat"), "/proc/{n}/stat");
  EXPECT_EQ(stable_subject("$TMP/ccAbc123.s"), "$TMP/cc??????.s");
  EXPECT_EQ(stable_subject("$GOROOT/src/fmt"), "$GOROOT/src/fmt");
}

TEST(TraceLines, AFileThatCannotBeReadIsAnError) {
  EXPECT_FALSE(read_trace_lines("/nonexistent/trace.dct", {}));
}

}  // namespace
}  // namespace driftcage::mine
