// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace driftcage::scenario {

// A part of a scenario file, completed by what every file needs, so that an
// example shows only what it is about. schema_test.py reads the same files and
// completes them in the same way.
struct Example {
  std::string title;
  std::string text;          // as it stands in the example file
  std::string expected;      // what follows "--", one mistake a line
  bool parser_only = false;  // no JSON Schema can tell
};

// Lines before an example's first one.
inline constexpr unsigned kHeadLines = 4;
[[nodiscard]] std::string complete(std::string_view part);

[[nodiscard]] std::string source_path(std::string_view name);
[[nodiscard]] std::string read_text(const std::string& path);
[[nodiscard]] std::vector<Example> read_examples(std::string_view name);
// The shipped scenarios.
[[nodiscard]] std::vector<std::string> shipped_scenarios();

}  // namespace driftcage::scenario
