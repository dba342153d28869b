// SPDX-License-Identifier: Apache-2.0
#include "harness/match/expected_failure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace driftcage::match {
namespace {

using model::Verdict;
using testing::HasSubstr;

scenario::Xfail known() {
  scenario::Xfail xfail;
  xfail.why = "the message changed";
  xfail.issue = "golang/go#1";
  xfail.until = "2027-03-01";
  return xfail;
}

Judgement judged(Verdict verdict) {
  Judgement judgement;
  judgement.verdict = verdict;
  judgement.reason = "because";
  judgement.leg = "fault";
  return judgement;
}

TEST(ExpectedFailure, FailuresCountUntilTheirDate) {
  for (const Verdict verdict :
       {Verdict::NoRepro, Verdict::FalseAlarm, Verdict::NotFixed,
        Verdict::DecoyWorks, Verdict::Fail}) {
    for (const char* day : {"2026-12-31", "2027-03-01"}) {
      const Judgement result = expect_failure(judged(verdict), known(), day);
      EXPECT_EQ(result.verdict, Verdict::Xfail) << day;
      EXPECT_THAT(result.reason, HasSubstr("the message changed"));
      EXPECT_THAT(result.reason, HasSubstr("golang/go#1"));
      EXPECT_EQ(result.leg, "fault");
    }
    const Judgement late =
        expect_failure(judged(verdict), known(), "2027-03-02");
    EXPECT_EQ(late.verdict, Verdict::Expired);
    EXPECT_THAT(late.reason, HasSubstr("because"));
  }
}

TEST(ExpectedFailure, AnUnexpectedPassIsBadWhenStrict) {
  EXPECT_EQ(
      expect_failure(judged(Verdict::Pass), known(), "2027-01-01").verdict,
      Verdict::Xpass);
  scenario::Xfail lenient = known();
  lenient.strict = false;
  const Judgement pass =
      expect_failure(judged(Verdict::Pass), lenient, "2027-01-01");
  EXPECT_EQ(pass.verdict, Verdict::Pass);
  EXPECT_THAT(pass.reason, HasSubstr("expected to fail"));
}

TEST(ExpectedFailure, TroubleStaysTrouble) {
  for (const Verdict verdict : {Verdict::Error, Verdict::Timeout, Verdict::Leak,
                                Verdict::Unresolved, Verdict::Skip}) {
    const Judgement same =
        expect_failure(judged(verdict), known(), "2027-01-01");
    EXPECT_EQ(same.verdict, verdict);
    EXPECT_EQ(same.reason, "because");
  }
}

}  // namespace
}  // namespace driftcage::match
