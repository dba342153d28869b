// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "harness/match/derive.h"
#include "tests/unit/match/trace_builder.h"

namespace driftcage::match {
namespace {

ProcessTable table_of(const TraceBuilder& trace) {
  ProcessTable table;
  for (const auto& record : trace.records) table.add(record);
  return table;
}

TEST(ProcessTable, UnknownProcessesHaveNoFacts) {
  const ProcessTable table;
  EXPECT_EQ(table.program(7), "");
  EXPECT_EQ(table.exe(7), "");
  EXPECT_EQ(table.pid(7), 0);
  EXPECT_EQ(table.parent(7), 0u);
  EXPECT_EQ(table.variable(7, "PATH"), nullptr);
}

TEST(ProcessTable, ChildHasItsParentsProgramUntilItExecutes) {
  TraceBuilder trace;
  trace.program(1, "/usr/bin/go", "/bin").start(2, 1);
  EXPECT_EQ(table_of(trace).program(2), "go");
  EXPECT_EQ(table_of(trace).parent(2), 1u);
  EXPECT_EQ(table_of(trace).pid(2), 102);
  ASSERT_NE(table_of(trace).variable(2, "PATH"), nullptr);

  trace.exec(2, "/tool/compile", {"compile"}, {"X=1"});
  const ProcessTable table = table_of(trace);
  EXPECT_EQ(table.program(2), "compile");
  EXPECT_EQ(table.program(1), "go");
  EXPECT_EQ(*table.variable(2, "X"), "1");
  EXPECT_EQ(*table.variable(2, "PATH"), "/bin");
  EXPECT_EQ(table.variable(1, "X"), nullptr);
}

TEST(ProcessTable, FailedExecChangesNothing) {
  TraceBuilder trace;
  trace.program(1, "/usr/bin/go", "/bin")
      .exec(1, "/usr/bin/gcc", {"gcc"}, {"PATH=/x"}, false, ENOENT);
  EXPECT_EQ(table_of(trace).program(1), "go");
  EXPECT_EQ(*table_of(trace).variable(1, "PATH"), "/bin");
}

TEST(ProcessTable, EnvironmentChangesAddUp) {
  TraceBuilder trace;
  trace.start(1)
      .exec(1, "/bin/a", {"a"}, {"A=1", "B=x=y", "C="}, true)
      .exec(1, "/bin/b", {"b"}, {"A", "B=2"})
      .exec(1, "/bin/c", {"c"}, {"D=4"});
  const ProcessTable table = table_of(trace);
  EXPECT_EQ(table.variable(1, "A"), nullptr);
  EXPECT_EQ(*table.variable(1, "B"), "2");
  EXPECT_EQ(*table.variable(1, "C"), "");
  EXPECT_EQ(*table.variable(1, "D"), "4");

  trace.exec(1, "/bin/d", {"d"}, {"E=5"}, true);
  EXPECT_EQ(table_of(trace).variable(1, "D"), nullptr);
}

TEST(ProcessTable, ScriptsAndLinksKeepTheNameTheyWereCalledBy) {
  TraceBuilder trace;
  trace.start(1).call(1, "execve", "/usr/bin/gcc", 0, [](model::Event& e) {
    e.exec.emplace();
    e.exec->argv = {"fake-name"};
    e.exec->exe = "/usr/bin/x86_64-linux-gnu-gcc-12";
  });
  const ProcessTable table = table_of(trace);
  EXPECT_EQ(table.program(1), "gcc");
  EXPECT_EQ(table.path(1), "/usr/bin/gcc");
  EXPECT_EQ(table.exe(1), "/usr/bin/x86_64-linux-gnu-gcc-12");
}

TEST(ProcessTable, ProgramExecutedByDescriptorIsNamedByItsFile) {
  TraceBuilder trace;
  trace.start(1).call(1, "execveat", "", 0, [](model::Event& e) {
    e.exec.emplace();
    e.exec->exe = "/memfd:tool (deleted)";
  });
  EXPECT_EQ(table_of(trace).program(1), "memfd:tool (deleted)");
}

TEST(ProcessTable, EndedProcessesAreForgotten) {
  TraceBuilder trace;
  trace.program(1, "/usr/bin/go", "/bin").end(1);
  EXPECT_EQ(table_of(trace).program(1), "");
}

}  // namespace
}  // namespace driftcage::match
