// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "harness/scenario/parser.h"

namespace scenario = driftcage::scenario;

// Any bytes give a scenario or mistakes that lie inside them and can be shown.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto result = scenario::parse(text, "f", {.expected_id = "a/b"});
  if (result) {
    if (result->run.empty() || result->id != "a/b") std::abort();
    return 0;
  }
  if (result.error().empty()) std::abort();
  const auto lines = 1 + std::count(text.begin(), text.end(), '\n');
  for (const scenario::Diagnostic& mistake : result.error()) {
    if (mistake.at.line < 1 || mistake.at.line > lines) std::abort();
    if (mistake.at.column < 1 || mistake.message.empty()) std::abort();
    if (scenario::render(mistake, text).empty()) std::abort();
  }
  return 0;
}
