// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/scenario/scenario.h"

namespace driftcage::learn {

// A scenario with a story.
[[nodiscard]] bool is_lesson(const scenario::Scenario& scenario);

// The lessons among `scenarios`, by level, order and id. They point into
// `scenarios`.
[[nodiscard]] std::vector<const scenario::Scenario*> course_of(
    const std::vector<scenario::Scenario>& scenarios);

// One by its number in the course, from 1, its id, or the last part of an id
// that no other has. The error names the nearest.
[[nodiscard]] base::Result<std::size_t> find_lesson(
    const std::vector<const scenario::Scenario*>& course,
    const std::string& name);

// What the command is called in a story: `go run .`, or a shell line.
[[nodiscard]] std::string command_text(const scenario::Scenario& scenario);

// What is to be reached.
[[nodiscard]] std::string goal_text(const scenario::Scenario& scenario);

// Absolute paths in the cage that a student must not change.
[[nodiscard]] std::vector<std::string> protected_paths(
    const scenario::Scenario& scenario);

}  // namespace driftcage::learn
