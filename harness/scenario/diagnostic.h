// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/model/source.h"

namespace driftcage::scenario {

// One mistake in a scenario file, at its place.
struct Diagnostic {
  model::SourceRange at;
  std::string message;   // lower case, no full stop
  std::string hint;      // "did you mean "stderr"?"; may be empty
  std::string source{};  // of another file than the one that was asked for
};

// file:line:column: error: message, the line, a caret, the hint. `source` is
// the file's text. Tabs are kept so that the caret stands right.
[[nodiscard]] std::string render(const Diagnostic& diagnostic,
                                 std::string_view source);

// The candidate with the smallest edit distance, case ignored; else one that
// begins the name or is begun by it; empty when none is near.
[[nodiscard]] std::string nearest(std::string_view name,
                                  const std::vector<std::string>& candidates);

}  // namespace driftcage::scenario
