// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "harness/scenario/scenario.h"

namespace driftcage::report {

// A scenario that an error message speaks of.
struct Resemblance {
  const scenario::Scenario* scenario = nullptr;
  // Length of the scenario's own message that is in this one word for word.
  std::size_t exact = 0;
  double score = 0;  // 0 to 1: how much of the message the scenario knows
};

// Names of the scenario's own programs: those of its files, and what go calls
// the program of its module. A reader's programs are called otherwise.
[[nodiscard]] std::set<std::string> own_programs(
    const scenario::Scenario& scenario);

// The scenarios that resemble a message, best first: those whose output
// patterns match, then those that share its rare words. Paths and numbers do
// not count as words: they are different on every machine. Scenarios that
// share little are left out.
[[nodiscard]] std::vector<Resemblance> find_message(
    const std::vector<scenario::Scenario>& scenarios, std::string_view message,
    std::size_t most = 3);

// What a scenario has to say to somebody who met its error: what happens, what
// helps, what does not, and how to see it. Lines of at most `width` columns.
[[nodiscard]] std::string advice_text(const scenario::Scenario& scenario,
                                      std::size_t width);

}  // namespace driftcage::report
