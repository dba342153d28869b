// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "harness/model/event_line.h"
#include "harness/scenario/diagnostic.h"
#include "harness/scenario/scenario.h"

namespace driftcage::scenario {

using Diagnostics = std::vector<Diagnostic>;

struct ParseOptions {
  // The id that the file's place asks for ("go/goenv-off"); empty: not checked.
  std::string expected_id;
};

// TOML text to a Scenario, or every mistake in it at once. Touches no file.
[[nodiscard]] tl::expected<Scenario, Diagnostics> parse(
    std::string_view toml, const std::string& file,
    const ParseOptions& options = {});

// `verb subject [= result] [by exe] [xN | x>=N | x<=N | xN..M]`. `at` is the
// place of the line's first byte; mistakes point into the line.
[[nodiscard]] tl::expected<model::EventLine, Diagnostic> parse_event_line(
    std::string_view text, const model::SourceRange& at);

// One effect of faults and fixes, for `driftcage faults` and the reference.
struct EffectInfo {
  std::string key;      // "path.drop"
  std::string value;    // "[program, …]"
  std::string meaning;  // one sentence
  std::string example;  // a TOML line
  std::string needs;    // host features, or empty
};
[[nodiscard]] const std::vector<EffectInfo>& effects();

// The JSON Schema (draft-07 core) of the format, as text.
[[nodiscard]] std::string json_schema();

}  // namespace driftcage::scenario
