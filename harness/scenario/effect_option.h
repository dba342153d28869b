// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/base/result.h"

// The effects of faults as options of a command line. They are made of the
// format's own description, and become TOML text that the format's own reader
// checks: there is one table and one parser.
namespace driftcage::scenario {

struct EffectOption {
  std::string name;     // "path-drop", without the dashes
  std::string value;    // "PATH:MODE"
  std::string meaning;  // one sentence
};
// One for each effect, and the short forms `unset` and `symlink`.
[[nodiscard]] const std::vector<EffectOption>& effect_options();

// An option as it was given: its name and its value.
using GivenEffect = std::pair<std::string, std::string>;

// The keys of a [[fault]] for these options, one line each, repeated lists
// joined: `path.drop = ["gcc", "cc"]`. Fails when a value lacks a part that its
// form asks for; whether the parts are right is the parser's to say.
[[nodiscard]] base::Result<std::vector<std::string>> effect_lines(
    const std::vector<GivenEffect>& given);

}  // namespace driftcage::scenario
