// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "harness/base/result.h"
#include "harness/model/event_line.h"
#include "harness/scenario/diagnostic.h"
#include "harness/scenario/scenario.h"

namespace driftcage::scenario {

using Diagnostics = std::vector<Diagnostic>;

using ReadFile =
    std::function<base::Result<std::string>(const std::string& path)>;

struct ParseOptions {
  // The id that the file's place asks for ("go/goenv-off"); empty: not checked.
  std::string expected_id;
  ReadFile read_file{};  // for `include`, which is refused without it
};

// TOML text to a Scenario, one per combination of its [matrix], or every
// mistake in it at once. Touches no file but through `read_file`.
[[nodiscard]] tl::expected<std::vector<Scenario>, Diagnostics> parse_all(
    std::string_view toml, const std::string& file,
    const ParseOptions& options = {});
// The first of these: the only one of a file without a matrix.
[[nodiscard]] tl::expected<Scenario, Diagnostics> parse(
    std::string_view toml, const std::string& file,
    const ParseOptions& options = {});

// Known failures that a file of their own names, for scenarios that its owner
// does not want to edit.
struct Waiver {
  std::string id;  // fnmatch(3) glob
  Xfail xfail;
};
[[nodiscard]] tl::expected<std::vector<Waiver>, Diagnostics> parse_waivers(
    std::string_view toml, const std::string& file);

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
