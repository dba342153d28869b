// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/scenario/document.h"

namespace driftcage::scenario {

// Whether Go may run in a cage of the scenario `part` is, or is a part of: its
// letters stand in what makes the cages, or something is there that cannot be
// looked into. Too often costs time, too seldom a healthy build: so no words
// are told apart.
[[nodiscard]] bool may_run_go(const Node& part);

}  // namespace driftcage::scenario
