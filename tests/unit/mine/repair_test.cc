// SPDX-License-Identifier: Apache-2.0
#include "harness/mine/repair.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace driftcage::mine {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kGood = R"(schema = 1
id     = "my/case"
title  = "A case"  # kept
run    = ["cat", "x"]

[[fault]]
id   = "f"
hide = ["$WORK/x"]

[expect]
exit   = 1
stderr = "x"
see    = ["open $WORK/x = ENOENT by cat"]
)";

std::string replaced(std::string text, const std::string& from,
                     const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

TEST(Repair, LeavesAGoodFileAlone) {
  const Repair repair = mine::repair(kGood, "x.toml", {});
  EXPECT_EQ(repair.text, kGood);
  EXPECT_THAT(repair.done, IsEmpty());
}

TEST(Repair, MendsAMisspeltKey) {
  const Repair repair =
      mine::repair(replaced(kGood, "stderr", "stdrrr"), "x.toml", {});
  EXPECT_EQ(repair.text, kGood);
  EXPECT_THAT(repair.done, SizeIs(1));
}

TEST(Repair, MendsSeveral) {
  const Repair repair = mine::repair(
      replaced(replaced(kGood, "hide", "hidee"), "open", "opne"), "x.toml", {});
  EXPECT_EQ(repair.text, kGood);
  EXPECT_THAT(repair.done, SizeIs(2));
}

TEST(Repair, DoesNotGuess) {
  const std::string far = replaced(kGood, "stderr", "zzzzzzzz");
  EXPECT_EQ(mine::repair(far, "x.toml", {}).text, far);
}

TEST(Repair, TakesAwayBlanksButNotInTexts) {
  const std::string text = "a = '''\nkept  \n'''  \nb = 1  ";
  EXPECT_EQ(mine::repair(text, "x.toml", {}).text,
            "a = '''\nkept  \n'''  \nb = 1\n");
}

TEST(ReplaceAt, KnowsWhatIsNoPlace) {
  std::string text = "ab\ncd\n";
  EXPECT_TRUE(replace_at({"f", 2, 1, 2}, "xyz", &text));
  EXPECT_EQ(text, "ab\nxyz\n");
  EXPECT_FALSE(replace_at({"f", 9, 1, 1}, "x", &text));
  EXPECT_FALSE(replace_at({"f", 1, 2, 5}, "x", &text));
  EXPECT_FALSE(replace_at({}, "x", &text));
}

}  // namespace
}  // namespace driftcage::mine
