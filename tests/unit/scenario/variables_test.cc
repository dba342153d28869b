// SPDX-License-Identifier: Apache-2.0
#include "harness/scenario/variables.h"

#include <gtest/gtest.h>

#include <set>

namespace driftcage::scenario {
namespace {

TEST(Variables, NamesAreUniqueAndReadAsOne) {
  std::set<std::string> names;
  for (const VariableInfo& info : variables()) {
    EXPECT_TRUE(names.insert(info.name).second) << info.name;
    EXPECT_FALSE(check_variables("a/$" + info.name + "/b"));
    EXPECT_FALSE(check_variables("a${" + info.name + "}b"));
  }
  for (const char* name : {"WORK", "HOME", "TMP", "PATH", "GOROOT", "GOTOOLDIR",
                           "GOCACHE", "GOMODCACHE", "GOENV", "GOPATH"}) {
    EXPECT_TRUE(names.contains(name)) << name;
  }
}

TEST(Variables, Uses) {
  const auto uses = variable_uses("$A/${B_1}-$$C $1 ${D $");
  ASSERT_EQ(uses.size(), 3u);
  EXPECT_EQ(uses[0].name, "A");
  EXPECT_EQ(uses[0].offset, 0u);
  EXPECT_EQ(uses[0].length, 2u);
  EXPECT_EQ(uses[1].name, "B_1");
  EXPECT_EQ(uses[1].offset, 3u);
  EXPECT_EQ(uses[1].length, 6u);
  EXPECT_EQ(uses[2].name, "C");
}

TEST(Variables, UnknownOnesAreFoundWithTheirPlace) {
  const auto mistake = check_variables("$HOME/$HOOME");
  ASSERT_TRUE(mistake);
  EXPECT_EQ(mistake->offset, 6u);
  EXPECT_EQ(mistake->length, 6u);
  EXPECT_EQ(mistake->hint, "did you mean $HOME?");
  EXPECT_FALSE(check_variables("$$HOOME $ $5"));
  EXPECT_TRUE(check_variables("$WORKX"));
}

}  // namespace
}  // namespace driftcage::scenario
