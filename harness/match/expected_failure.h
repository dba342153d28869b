// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "harness/match/judge.h"
#include "harness/scenario/scenario.h"

namespace driftcage::match {

// What an expected failure makes of a judgement on the day `today`
// ("2027-03-01"):
//
//   verdict                          until the date     afterwards
//   pass                             xpass, or pass when not strict
//   no-repro, false-alarm, fail,     xfail              expired
//   not-fixed, decoy-works
//   all others                       as they are: they say nothing about the
//                                    scenario
[[nodiscard]] Judgement expect_failure(Judgement judgement,
                                       const scenario::Xfail& xfail,
                                       const std::string& today);

}  // namespace driftcage::match
