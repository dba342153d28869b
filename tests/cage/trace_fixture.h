// SPDX-License-Identifier: Apache-2.0
// Programs that say themselves what the tracer must have recorded, traced by
// both engines without a cage.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "tests/cage/trace_harness.h"
#include "tests/fixtures/trace_expect.h"

namespace driftcage::trace::testing {

using model::Cause;
using model::Engine;
using model::Event;
using model::Verb;

inline std::string line_of(const Event& event) {
  return std::string(model::syscall_name(event.syscall)) + " " +
         fixture::escaped(event.path) + " = " +
         (event.ok() ? std::to_string(event.result)
                     : base::errno_name(event.err));
}

inline bool is_marked(const std::string& path) {
  return path.find("dc-") != std::string::npos;
}

// What holds for each trace whatever was traced (entry and exit paired, known
// processes, dense numbers).
inline void check_invariants(const Trace& trace) {
  std::uint64_t seq = 0;
  std::set<std::uint32_t> known;
  for (const auto& start : trace.starts) {
    EXPECT_EQ(start.process, known.size() + 1);
    EXPECT_TRUE(start.parent == 0 || known.contains(start.parent));
    EXPECT_GT(start.pid, 0);
    known.insert(start.process);
  }
  std::map<std::uint32_t, std::uint32_t> generations;
  for (const auto& event : trace.events) {
    EXPECT_EQ(event.seq, ++seq);
    EXPECT_TRUE(known.contains(event.process)) << describe(event);
    EXPECT_LE(event.enter_ns, event.exit_ns);
    EXPECT_GT(event.tid, 0);
    EXPECT_NE(event.err, ENOSYS) << describe(event);
    EXPECT_EQ(event.generation, generations[event.process]) << describe(event);
    if (event.verb == Verb::Exec && event.ok()) {
      ++generations[event.process];
      ASSERT_TRUE(event.exec.has_value());
      EXPECT_FALSE(event.exec->exe.empty());
    }
  }
  EXPECT_EQ(trace.end.events, seq);
  std::set<std::uint32_t> ended;
  for (const auto& end : trace.ends)
    EXPECT_TRUE(ended.insert(end.process).second) << "ended twice";
  EXPECT_EQ(ended, known);
  EXPECT_TRUE(trace.end.payload_ended);
}

// A program of tests/fixtures in a directory of its own.
class TraceTest : public ::testing::TestWithParam<Engine> {
 protected:
  void SetUp() override {
    char name[] = "/tmp/driftcage-trace-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    directory_ = name;
    options_.spec.engine = GetParam();
    options_.before = [this] {
      if (chdir(directory_.c_str()) != 0) _exit(98);
    };
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  Trace run(const std::string& program, const std::string& act) {
    Trace trace = run_traced({DRIFTCAGE_FIXTURES "/" + program, act}, options_);
    check_invariants(trace);
    return trace;
  }

  // The program's own lines against the events on marked paths.
  static void expect_agreement(const Trace& trace) {
    std::vector<std::string> told;
    std::istringstream lines(trace.output);
    bool done = false;
    for (std::string line; std::getline(lines, line);) {
      if (line == "done")
        done = true;
      else
        told.push_back(line);
    }
    EXPECT_TRUE(done) << trace.output << trace.end.status.text();
    std::vector<std::string> seen;
    for (const auto& event : trace.events) {
      if (is_marked(event.path) && event.generation > 0)
        seen.push_back(line_of(event));
    }
    // A child of fork has no exec of its own.
    for (const auto& event : trace.events) {
      if (is_marked(event.path) && event.generation == 0 && event.process > 1)
        seen.push_back(line_of(event));
    }
    std::sort(told.begin(), told.end());
    std::sort(seen.begin(), seen.end());
    EXPECT_EQ(seen, told);
    EXPECT_FALSE(told.empty());
    for (const auto& line : told) {
      // A call that stops when there is no tracer is told that it does not
      // exist; that of x32 does not where the kernel was built without it.
      EXPECT_TRUE(line.find("x32") != std::string::npos ||
                  !line.ends_with("= ENOSYS"))
          << line;
    }
  }

  std::string directory_;
  Options options_;
};

}  // namespace driftcage::trace::testing
