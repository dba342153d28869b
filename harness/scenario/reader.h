// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/scenario/checker.h"
#include "harness/scenario/document.h"
#include "harness/scenario/scenario.h"

// From checked nodes to the values of a Scenario. What does not have its shape
// was reported before and is left out here, so that one pass finds everything.
namespace driftcage::scenario {

[[nodiscard]] std::string text_of(const Node& table, std::string_view key);
// The texts of a list; of a single text, that one.
[[nodiscard]] std::vector<std::string> texts_of(const Node& table,
                                                std::string_view key);
[[nodiscard]] bool flag_of(const Node& table, std::string_view key);

// One argv, or a list of them; `sh` as {"/bin/sh", "-c", line}.
using Commands = std::vector<std::vector<std::string>>;
[[nodiscard]] Commands read_commands(const Node& node, Mistakes* mistakes);
[[nodiscard]] std::vector<std::string> shell_command(const std::string& line);
// The `run` and `sh` keys of a table.
[[nodiscard]] Commands read_run(const Node& table, Mistakes* mistakes);

void read_env(const Node& table, EnvChange* env);
void read_effects(const Node& table, Effects* effects, Mistakes* mistakes);

void read_leg_expect(const Node& table, LegExpect* expect, Mistakes* mistakes);
void read_expect(const Node& table, Expect* expect, Mistakes* mistakes);

// The [learn] table; lines to type are for fixes that the scenario has.
void read_learn(const Node& table, const std::vector<Fix>& fixes, Learn* learn,
                Mistakes* mistakes);

// Mistakes that show only between several keys.
void check_scenario(const Node& root, const Scenario& scenario,
                    const std::string& expected_id, Mistakes* mistakes);

}  // namespace driftcage::scenario
