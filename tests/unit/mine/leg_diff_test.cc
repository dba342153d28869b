// SPDX-License-Identifier: Apache-2.0
#include "harness/mine/leg_diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace driftcage::mine {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TraceLine open(const std::string& subject) {
  TraceLine line;
  line.subject = subject;
  line.result = "ok";
  line.count = 1;
  return line;
}

TEST(LegDiff, GroupsBehindTheLastCommonLine) {
  const auto changes = diff_lines({open("a"), open("b"), open("c")},
                                  {open("a"), open("x"), open("c")}, false);
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[0].line, "open b = ok");
  EXPECT_EQ(changes[0].side, LineChange::Side::Control);
  EXPECT_EQ(changes[0].after, "open a = ok");
  EXPECT_EQ(changes[1].line, "open x = ok");
  EXPECT_EQ(changes[1].side, LineChange::Side::Fault);
}

TEST(LegDiff, NoiseIsShownOnlyWhenAsked) {
  const std::vector<TraceLine> noise{open("/usr/lib/locale/C.utf8")};
  EXPECT_TRUE(diff_lines(noise, {}, false).empty());
  EXPECT_EQ(diff_lines(noise, {}, true).size(), 1u);
}

TEST(LegDiff, TellsHowTheyEnded) {
  LegDiff diff;
  diff.control_end = "exit 0";
  diff.fault_end = "exit 1";
  diff.fault_said = {"broken"};
  EXPECT_EQ(leg_diff_text(diff, false, false),
            "--- control\n+++ fault\n- exit 0\n+ exit 1\n+ said: broken\n"
            "0 event lines only without the fault, 0 only with it\n");
}

TEST(LegDiff, ALongRowIsCutUnlessAllIsWanted) {
  std::vector<TraceLine> lines;
  for (int i = 0; i < 15; ++i) lines.push_back(open("f" + std::to_string(i)));
  LegDiff diff;
  diff.lines = diff_lines(lines, {open("other")}, false);
  const std::string text = leg_diff_text(diff, false, false);
  EXPECT_THAT(text, HasSubstr("- open f11 = ok\n"));
  EXPECT_THAT(text, Not(HasSubstr("f12")));
  EXPECT_THAT(text, HasSubstr("and 3 more lines; --all shows them"));
  EXPECT_THAT(text, HasSubstr("+ open other = ok\n"));
  EXPECT_THAT(text, HasSubstr("15 event lines only without"));
  EXPECT_THAT(leg_diff_text(diff, true, false), HasSubstr("- open f14 = ok\n"));
}

TEST(LegDiff, AResultWithoutLegsIsAnError) {
  EXPECT_FALSE(diff_legs({}, false));
}

}  // namespace
}  // namespace driftcage::mine
