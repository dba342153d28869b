// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "harness/plan/planner.h"

namespace driftcage::plan {
namespace {

bool met(const std::string& have, const std::string& want) {
  return unmet_version("go", have, want).empty();
}

TEST(UnmetVersion, Comparisons) {
  EXPECT_TRUE(met("1.20", ">=1.20"));
  EXPECT_TRUE(met("1.20.3", ">=1.20"));
  EXPECT_FALSE(met("1.19.8", ">=1.20"));
  EXPECT_FALSE(met("1.9", ">=1.19"));  // numbers, not text
  EXPECT_TRUE(met("1.9", "<1.19"));
  EXPECT_FALSE(met("1.24", "<1.24"));
  EXPECT_TRUE(met("1.24", "<=1.24"));
  EXPECT_FALSE(met("1.24.1", "<=1.24"));
  EXPECT_TRUE(met("1.24.1", ">1.24"));
  EXPECT_FALSE(met("1.24.0", ">1.24"));
}

TEST(UnmetVersion, PlainVersionNamesItsPatchReleases) {
  EXPECT_TRUE(met("1.19.8", "1.19"));
  EXPECT_TRUE(met("1.19.8", "=1.19"));
  EXPECT_TRUE(met("1.19.8", "==1.19.8"));
  EXPECT_FALSE(met("1.19.8", "1.19.7"));
  EXPECT_FALSE(met("1.190", "1.19"));
  EXPECT_FALSE(met("1.19.8", "!=1.19"));
  EXPECT_TRUE(met("1.20", "!=1.19"));
}

TEST(UnmetVersion, AllConditionsOfAList) {
  EXPECT_TRUE(met("1.22.1", ">=1.20, <1.24"));
  EXPECT_FALSE(met("1.24", ">=1.20,<1.24"));
  EXPECT_FALSE(met("1.19", ">=1.20,<1.24"));
}

TEST(UnmetVersion, StarAsksForPresenceOnly) {
  EXPECT_TRUE(met("", "*"));
  EXPECT_TRUE(met("1.2", "*"));
  EXPECT_FALSE(met("", ">=1"));
}

TEST(UnmetVersion, SuffixOfTheHaveIsIgnored) {
  EXPECT_TRUE(met("12.2.0-14+deb12u1", ">=12.2"));
  EXPECT_TRUE(met("1.21rc2", ">=1.21"));
}

TEST(UnmetVersion, ReasonsAreSentences) {
  EXPECT_EQ(unmet_version("go", "1.19.8", ">=1.20"),
            "go is 1.19.8, wanted >=1.20");
  EXPECT_EQ(unmet_version("sh", "", ">=1"), "sh tells no version, wanted >=1");
  for (const char* nonsense :
       {"", "new", ">=", ">=1.x", "1.", "~1.2", ">=1,"}) {
    EXPECT_NE(unmet_version("go", "1.19", nonsense).find("cannot understand"),
              std::string::npos)
        << nonsense;
  }
}

}  // namespace
}  // namespace driftcage::plan
