// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "harness/scenario/event_parts.h"
#include "harness/scenario/parser.h"

namespace scenario = driftcage::scenario;

// A line is refused at a place inside it, or its spelling means the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto line = scenario::parse_event_line(text, {"f", 1, 1, 1});
  if (!line) {
    const auto& at = line.error().at;
    if (at.column < 1 || at.column > size + 1) std::abort();
    return 0;
  }
  const auto again =
      scenario::parse_event_line(scenario::spell(*line), {"f", 1, 1, 1});
  if (!again) std::abort();
  const bool same = again->verb == line->verb &&
                    again->subject == line->subject &&
                    again->result == line->result && again->by == line->by &&
                    again->count == line->count;
  if (!same) std::abort();
  return 0;
}
