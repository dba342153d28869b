// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "harness/match/judge.h"
#include "harness/scenario/scenario.h"

namespace driftcage::match {

// What a leg's lines with `capture` and the (?P<name>...) groups of the fault
// leg's output patterns have kept. A name that found nothing is absent.
[[nodiscard]] std::map<std::string, std::string> captured(
    const scenario::Expect& expect, const LegResult& leg);

// Whether a condition of `where` is true of these values; false when a value
// is missing. `shown` gets the condition with the values in it.
[[nodiscard]] bool condition_holds(
    const scenario::Condition& condition,
    const std::map<std::string, std::string>& values,
    const Variables& variables, std::string* shown);

}  // namespace driftcage::match
