// SPDX-License-Identifier: Apache-2.0
#include "harness/match/stage.h"

#include <gtest/gtest.h>

#include <variant>

#include "tests/unit/match/trace_builder.h"

namespace driftcage::match {
namespace {

constexpr const char* kTools = "/usr/lib/go-1.24/pkg/tool/linux_amd64/";

class StagesTest : public ::testing::Test {
 protected:
  // The stage of the last record's event, as it is seen before it counts.
  std::string_view feed(const TraceBuilder& trace) {
    std::string_view last;
    for (; fed_ < trace.records.size(); ++fed_) {
      if (const auto* event = std::get_if<model::Event>(&trace.records[fed_]))
        last = stages_.stage_of(*event);
      stages_.add(trace.records[fed_]);
    }
    return last;
  }
  std::string_view tool(std::uint32_t process, std::uint32_t parent,
                        const std::string& path, std::vector<std::string> argv,
                        int err = 0) {
    trace_.start(process, parent)
        .exec(process, path, std::move(argv), {}, false, err);
    return feed(trace_);
  }

  TraceBuilder trace_;
  Stages stages_;
  std::size_t fed_ = 0;
};

TEST_F(StagesTest, OfARunThatCompiles) {
  const std::string go = "/usr/lib/go-1.24/bin/go";
  EXPECT_EQ(tool(1, 0, go, {"go", "run", "hello.go"}), "list");
  const std::string tools = kTools;
  EXPECT_EQ(tool(2, 1, tools + "compile", {"compile", "-V=full"}), "version");
  EXPECT_EQ(stages_.stage(1), "list");
  EXPECT_EQ(tool(3, 1, tools + "compile", {"compile", "-o", "x"}), "compile");
  EXPECT_EQ(stages_.stage(1), "build");
  EXPECT_EQ(tool(4, 1, tools + "asm", {"asm", "x.s"}), "asm");
  EXPECT_EQ(tool(5, 1, tools + "cgo", {"cgo", "x.go"}), "cgo");
  EXPECT_EQ(tool(6, 5, "/usr/bin/gcc", {"gcc", "-E"}), "gcc");
  EXPECT_EQ(tool(7, 6, "/usr/libexec/gcc/x86_64-linux-gnu/12/cc1", {"cc1"}),
            "gcc");
  EXPECT_EQ(tool(8, 1, "/usr/bin/x86_64-linux-gnu-gcc-12", {"gcc"}), "gcc");
  EXPECT_EQ(tool(9, 1, tools + "link", {"link", "-o", "x"}), "link");
  EXPECT_EQ(tool(10, 9, "/usr/bin/gcc", {"gcc", "-o", "x"}), "link");
  EXPECT_EQ(tool(11, 10, "/usr/bin/ld", {"ld"}), "link");
  EXPECT_EQ(tool(12, 1, tools + "buildid", {"buildid"}), "tool");
  EXPECT_EQ(tool(13, 1, "/tmp/go-build1/b001/exe/hello", {"hello"}), "run");
  EXPECT_EQ(tool(14, 13, "/usr/bin/gcc", {"gcc"}), "run");
  EXPECT_EQ(tool(15, 13, go, {"go", "env"}), "run");
}

TEST_F(StagesTest, AProductThatCannotStartIsStillTheRunStage) {
  tool(1, 0, "/usr/bin/go", {"go", "run", "."});
  EXPECT_EQ(
      tool(2, 1, "/home/x/.cache/go-build/ab/abcd-d/hello", {"hello"}, ENOENT),
      "run");
  EXPECT_EQ(stages_.stage(2), "list");  // it is the go command's own child
}

TEST_F(StagesTest, TestsRunAndBuildsDoNot) {
  tool(1, 0, "/usr/bin/go", {"go", "-C", "d", "test"});
  EXPECT_EQ(tool(2, 1, "/tmp/go-build1/b001/t.test", {"t.test"}), "run");
  tool(3, 0, "/usr/bin/go", {"go", "build"});
  EXPECT_EQ(tool(4, 3, "/work/exe/helper", {"helper"}), "list");
}

TEST_F(StagesTest, NothingOutsideOfAGoCommand) {
  EXPECT_EQ(tool(1, 0, "/usr/bin/make", {"make"}), "");
  EXPECT_EQ(tool(2, 1, "/usr/bin/gcc", {"gcc"}), "");
  trace_.end(2);
  feed(trace_);
  EXPECT_EQ(stages_.stage(2), "");
}

}  // namespace
}  // namespace driftcage::match
