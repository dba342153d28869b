// SPDX-License-Identifier: Apache-2.0
#include "harness/learn/watcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "tests/unit/learn/lessons.h"
#include "tests/unit/match/trace_builder.h"

namespace driftcage::learn {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;

class Watched : public ::testing::Test {
 protected:
  Watched() {
    const auto scenario = lesson("x/a");
    std::vector<model::EventLine> lines = scenario.expect.see;
    lines.insert(lines.end(), scenario.expect.never.begin(),
                 scenario.expect.never.end());
    watcher_.emplace(lines, match::Variables{{"WORK", "/work"}}, "/voice");
    watcher_->live = [this](const std::string& line) { live_.push_back(line); };
    watcher_->set_healthy({"open $WORK/data = ok by cat"}, {"cat"});
    trace_.program(1, "/bin/bash", "/bin");
  }
  // A child of the shell that runs `argv` and ends.
  void job(std::uint32_t process, const std::string& program,
           const std::string& argument, const std::string& path, int err) {
    trace_.start(process, 1)
        .exec(process, program, {program, argument}, {"PATH=/bin"}, true)
        .call(process, "openat", path, err)
        .end(process, err == 0 ? 0 : 1);
  }
  const Job* watch() {
    for (const wire::Record& record : trace_.records) watcher_->add(record);
    trace_.records.clear();
    return watcher_->latest();
  }
  match::TraceBuilder trace_;
  std::optional<Watcher> watcher_;
  std::vector<std::string> live_;
};

TEST_F(Watched, ShowsWhatTheHealthyRunDoesNot) {
  job(2, "/bin/cat", "there", "/work/there", ENOENT);
  const Job* seen = watch();
  ASSERT_NE(seen, nullptr);
  EXPECT_EQ(seen->command, "cat there");
  EXPECT_EQ(seen->ending, "exit 1");
  EXPECT_TRUE(seen->signature[0].holds);
  EXPECT_FALSE(seen->signature[1].holds);
  EXPECT_THAT(live_, Contains("$ cat there"));
  EXPECT_THAT(live_, Contains("  open $WORK/there = ENOENT by cat"));
}

TEST_F(Watched, KeepsQuietAboutTheRest) {
  job(2, "/bin/cat", "data", "/work/data", 0);  // as in the healthy run
  job(3, "/bin/ls", "-l", "/etc/passwd", 0);    // a program of no interest
  watch();
  EXPECT_THAT(live_, Not(Contains("  open $WORK/data = ok by cat")));
  EXPECT_THAT(live_, Not(Contains("  open /etc/passwd = ok by ls")));
}

TEST_F(Watched, TheLessonsOwnWordsAreNoCommands) {
  job(2, "/bin/cat", "there", "/work/there", ENOENT);
  job(3, "/voice", "check", "/work/x", ENOENT);
  const Job* seen = watch();
  ASSERT_NE(seen, nullptr);
  EXPECT_EQ(seen->command, "cat there");
  EXPECT_THAT(watcher_->commands(), ElementsAre("cat there"));
}

TEST_F(Watched, ASignatureIsAboutOneCommandOnly) {
  job(2, "/bin/cat", "there", "/work/there", ENOENT);
  job(3, "/bin/cat", "data", "/work/data", 0);
  const Job* seen = watch();
  ASSERT_NE(seen, nullptr);
  EXPECT_FALSE(seen->signature[0].holds);
  EXPECT_TRUE(seen->signature[1].holds);
}

}  // namespace
}  // namespace driftcage::learn
