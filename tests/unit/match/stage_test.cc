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

TEST_F(StagesTest, AProductMayHaveTheNameOfACTool) {
  tool(1, 0, "/usr/bin/go", {"go", "run", "."});
  EXPECT_EQ(tool(2, 1, "/tmp/go-build1/b001/exe/as", {"as"}), "run");
  EXPECT_EQ(tool(3, 1, "/tmp/go-build1/b001/exe/my-ld", {"my-ld"}), "run");
  EXPECT_EQ(tool(4, 1, "/c/go-build/0a/0afe-d/cc", {"cc"}), "run");
  EXPECT_EQ(tool(5, 1, "/usr/bin/as", {"as"}), "gcc");
  // Folders that look like those of products.
  EXPECT_EQ(tool(6, 1, "/opt/exe/gcc", {"gcc"}), "gcc");
  EXPECT_EQ(tool(7, 1, "/opt/has-d/gcc", {"gcc"}), "gcc");
  tool(8, 0, "/usr/bin/go", {"go", "test"});
  EXPECT_EQ(tool(9, 8, "/tmp/go-build1/b001/ld.test", {"ld.test"}), "run");
}

TEST_F(StagesTest, AWrapperRunsTheProduct) {
  const std::string product = "/tmp/go-build1/b001/exe/x";
  tool(1, 0, "/usr/bin/go", {"go", "run", "-exec", "env A=1", "."});
  EXPECT_EQ(tool(2, 1, "/usr/bin/env", {"env", "A=1", product}), "run");
  EXPECT_EQ(tool(3, 1, "/usr/bin/gccgo", {"gccgo", "-o", product}), "list");
  trace_.exec(2, product, {product});
  EXPECT_EQ(feed(trace_), "run");
  tool(4, 0, "/usr/bin/go", {"go", "test", "--exec=env"});
  EXPECT_EQ(tool(5, 4, "/usr/bin/env", {"env", "/t/go-build2/b1/t.test"}),
            "run");
  tool(6, 0, "/usr/bin/go", {"go", "run", "."});
  EXPECT_EQ(tool(7, 6, "/bin/go_linux_arm64_exec", {"x", product}), "run");
  EXPECT_EQ(tool(8, 6, "/usr/bin/env", {"env", product}), "list");
}

TEST_F(StagesTest, FlagsOfTheProgramNameNoWrapper) {
  std::uint32_t last = 0;
  const auto stage = [&](std::vector<std::string> argv) {
    const std::uint32_t go = ++last;
    const std::uint32_t child = ++last;
    tool(go, 0, "/usr/bin/go", std::move(argv));
    return tool(child, go, "/usr/bin/env",
                {"env", "/tmp/go-build1/b001/exe/x"});
  };
  EXPECT_EQ(stage({"go", "run", ".", "-exec", "x"}), "list");
  EXPECT_EQ(stage({"go", "run", "-tags", "a", ".", "-exec=x"}), "list");
  EXPECT_EQ(stage({"go", "run", "-race", ".", "-exec", "x"}), "list");
  EXPECT_EQ(stage({"go", "run", "--", "-exec", "x"}), "list");
  EXPECT_EQ(stage({"go", "test", ".", "-args", "-exec", "x"}), "list");
  EXPECT_EQ(stage({"go", "test", "-run", "-exec", "."}), "list");
  EXPECT_EQ(stage({"go", "test", ".", "-v", "x", "-exec", "x"}), "list");
  EXPECT_EQ(stage({"go", "run"}), "list");
  EXPECT_EQ(
      stage({"go", "-C", "d", "run", "-tags", "a", "-x", "-exec", "x", "."}),
      "run");
  EXPECT_EQ(stage({"go", "test", "-test.v", "-exec", "x"}), "run");
  EXPECT_EQ(stage({"go", "test", ".", "-update", "-exec", "x"}), "run");
  EXPECT_EQ(stage({"go", "run", "--tags=a", "--exec", "x", "."}), "run");
  EXPECT_EQ(stage({"go", "test", "-o", "t", ".", "./b", "-v", "-exec", "x"}),
            "run");
}

TEST_F(StagesTest, GeneratorsHaveAStage) {
  tool(1, 0, "/usr/bin/go", {"go", "generate", "./..."});
  EXPECT_EQ(stages_.stage(1), "list");
  EXPECT_EQ(tool(2, 1, "/usr/bin/sh", {"sh", "-c", "x"}), "generate");
  EXPECT_EQ(tool(3, 2, "/usr/bin/gcc", {"gcc"}), "generate");
  EXPECT_EQ(tool(4, 1, "/work/pkg/tool/x/x", {"x"}), "generate");
  EXPECT_EQ(tool(5, 1, "/usr/bin/gcc", {"gcc"}), "generate");
  EXPECT_EQ(tool(6, 1, "/usr/bin/go", {"go", "run", "gen.go"}), "list");
  EXPECT_EQ(tool(7, 6, "/tmp/go-build1/b001/exe/gen", {"gen"}), "run");
}

TEST_F(StagesTest, ToolsLieInAFolderForThePlatform) {
  tool(1, 0, "/usr/bin/go", {"go", "build"});
  EXPECT_EQ(tool(2, 1, "/work/pkg/tool/x/compile", {"compile"}), "list");
  EXPECT_EQ(tool(3, 1, std::string(kTools) + "pack", {"pack"}), "tool");
}

TEST_F(StagesTest, CompilersAreWhatTheEnvironmentNames) {
  trace_.start(1).exec(1, "/usr/bin/go", {"go", "build"},
                       {"CC=/opt/mycc -m64", "CXX=mycxx"}, true);
  feed(trace_);
  EXPECT_EQ(tool(2, 1, "/opt/mycc", {"/opt/mycc", "-c"}), "gcc");
  EXPECT_EQ(stages_.stage(1), "build");
  EXPECT_EQ(tool(3, 1, "/usr/bin/mycxx", {"mycxx"}), "gcc");
  EXPECT_EQ(tool(4, 1, "/usr/bin/mycc", {"mycc"}), "build");
  tool(5, 1, std::string(kTools) + "link", {"link", "-o", "x"});
  EXPECT_EQ(tool(6, 5, "/opt/mycc", {"/opt/mycc"}), "link");
  trace_.start(7, 1).exec(7, "/usr/bin/go", {"go", "build"}, {"CC"});
  feed(trace_);
  EXPECT_EQ(tool(8, 7, "/opt/mycc", {"/opt/mycc"}), "list");
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
