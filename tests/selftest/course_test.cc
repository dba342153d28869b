// SPDX-License-Identifier: Apache-2.0
// The shipped course: every fix and every decoy, typed at a terminal.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/command.h"
#include "tests/must_work.h"

namespace driftcage::cli_test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Exit code 3: the host can hold no lesson at all.
void expect_proven(const Outcome& outcome) {
  DRIFTCAGE_SKIP_UNLESS_EMPTY(outcome.code == 3 ? outcome.err + outcome.out
                                                : std::string());
  EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  EXPECT_THAT(outcome.out, Not(HasSubstr("BAD")));
  // The host's shell executes what is typed, so every decoy must be seen.
  EXPECT_THAT(outcome.out, Not(HasSubstr("leaves no mark")));
}

Setting project() { return {DRIFTCAGE_SOURCE_DIR, {}, {}}; }

#ifdef DRIFTCAGE_WHOLE_COURSE
TEST(Course, IsProvenByTyping) {
  expect_proven(driftcage({"learn", "verify"}, project()));
}
#else
TEST(CourseSample, IsProvenByTyping) {
  expect_proven(driftcage({"learn", "verify", "go/goenv-off", "errno/enotdir",
                           "system/shebang-crlf", "loader/interpreter-missing"},
                          project()));
}
#endif

}  // namespace
}  // namespace driftcage::cli_test
