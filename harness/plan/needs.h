// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "harness/plan/planner.h"

namespace driftcage::plan {

// Why the scenario cannot run on this ground; empty: it can.
[[nodiscard]] std::string unmet_need(const scenario::Scenario& scenario,
                                     const Ground& ground);

// The expected failure that applies on this ground: the first whose image and
// needs fit; null: none does.
[[nodiscard]] const scenario::Xfail* expected_failure(
    const scenario::Scenario& scenario, const Ground& ground);

}  // namespace driftcage::plan
