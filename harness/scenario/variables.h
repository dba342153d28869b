// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/scenario/shape.h"

namespace driftcage::scenario {

struct VariableInfo {
  std::string name;     // without the dollar
  std::string meaning;  // one phrase
};

// The variables that paths, values of the environment and event lines may
// use. Their values come from the healthy cage of the image.
[[nodiscard]] const std::vector<VariableInfo>& variables();

// One variable in a text: `$NAME` (the longest run of [A-Za-z0-9_] that does
// not start with a digit) or `${NAME}`. Any other `$` is an ordinary byte, and
// `$$NAME` stands for the text `$NAME`: the use is there, after a dollar.
struct VariableUse {
  std::size_t offset = 0;  // of the dollar
  std::size_t length = 0;  // with dollar and braces
  std::string_view name;
};
[[nodiscard]] std::vector<VariableUse> variable_uses(std::string_view text);

// The first unknown variable of a text.
[[nodiscard]] std::optional<TextMistake> check_variables(std::string_view text);

}  // namespace driftcage::scenario
