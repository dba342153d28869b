// SPDX-License-Identifier: Apache-2.0
#include "harness/match/expected_failure.h"

#include <utility>

namespace driftcage::match {
namespace {

using model::Verdict;

bool is_failure(Verdict verdict) {
  switch (verdict) {
    case Verdict::NoRepro:
    case Verdict::FalseAlarm:
    case Verdict::NotFixed:
    case Verdict::DecoyWorks:
    case Verdict::Fail:
      return true;
    default:
      return false;
  }
}

}  // namespace

Judgement expect_failure(Judgement judgement, const scenario::Xfail& xfail,
                         const std::string& today) {
  std::string known = xfail.why;
  if (!xfail.issue.empty()) known += " (" + xfail.issue + ")";
  if (judgement.verdict == Verdict::Pass) {
    if (xfail.strict) judgement.verdict = Verdict::Xpass;
    judgement.reason = "expected to fail: " + known + "; take the xfail away";
    return judgement;
  }
  if (!is_failure(judgement.verdict)) return judgement;
  const std::string was(model::verdict_name(judgement.verdict));
  if (today <= xfail.until) {
    judgement.verdict = Verdict::Xfail;
    judgement.reason =
        was + ", as expected until " + xfail.until + ": " + known;
  } else {
    judgement.verdict = Verdict::Expired;
    judgement.reason = was + ", expected until " + xfail.until +
                       " only: " + known + "; " + judgement.reason;
  }
  return judgement;
}

}  // namespace driftcage::match
