// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "harness/scenario/scenario.h"

namespace driftcage::mine {

// Something a person might try; whether it helps is found out by running it.
struct FixIdea {
  std::string id;
  std::string say;
  std::vector<std::string> lines;  // TOML keys of a [[fix]]
  bool tempting = false;           // worth writing down when it does not help
};

// Ideas for a scenario whose fault leg wrote `said`, the likeliest first: to
// undo the fault, what the message itself advises, and remedies that people
// try for messages of this kind. Pure.
[[nodiscard]] std::vector<FixIdea> fix_ideas(const scenario::Scenario& scenario,
                                             const std::string& said);

}  // namespace driftcage::mine
