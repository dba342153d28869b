// SPDX-License-Identifier: Apache-2.0
#include "harness/run/suite.h"

#include <gtest/gtest.h>

namespace driftcage::run {
namespace {

using model::Verdict;

SuiteResult with(std::initializer_list<Verdict> verdicts) {
  SuiteResult result;
  for (const Verdict verdict : verdicts) {
    ++result.verdicts[static_cast<std::size_t>(verdict)];
  }
  return result;
}

TEST(SuiteExitCode, GoodVerdicts) {
  EXPECT_EQ(with({Verdict::Pass, Verdict::Skip, Verdict::Xfail}).exit_code({}),
            0);
}

TEST(SuiteExitCode, OneBadVerdictIsEnough) {
  for (const Verdict bad :
       {Verdict::NoRepro, Verdict::FalseAlarm, Verdict::NotFixed,
        Verdict::DecoyWorks, Verdict::Fail, Verdict::Unresolved,
        Verdict::Timeout, Verdict::Leak, Verdict::Xpass, Verdict::Expired}) {
    EXPECT_EQ(with({Verdict::Pass, bad}).exit_code({}), 1)
        << model::verdict_name(bad);
  }
}

TEST(SuiteExitCode, OnlyErrorsBlameTheHost) {
  EXPECT_EQ(with({Verdict::Pass, Verdict::Error}).exit_code({}), 3);
  EXPECT_EQ(with({Verdict::Fail, Verdict::Error}).exit_code({}), 1);
}

TEST(SuiteExitCode, NothingAtAll) { EXPECT_EQ(with({}).exit_code({}), 4); }

TEST(SuiteExitCode, SignalWins) {
  SuiteResult result = with({Verdict::Fail});
  result.signal = 2;
  EXPECT_EQ(result.exit_code({}), 130);
}

TEST(SuiteExitCode, Inconclusive) {
  SuiteOptions options;
  options.max_skips = 1;
  EXPECT_EQ(with({Verdict::Pass, Verdict::Skip}).exit_code(options), 0);
  EXPECT_EQ(
      with({Verdict::Pass, Verdict::Skip, Verdict::Skip}).exit_code(options),
      5);
  SuiteResult weak = with({Verdict::Pass});
  weak.weak = 1;
  EXPECT_EQ(weak.exit_code({}), 0);
  options.require_strong = true;
  EXPECT_EQ(weak.exit_code(options), 5);
}

}  // namespace
}  // namespace driftcage::run
