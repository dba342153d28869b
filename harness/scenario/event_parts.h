// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "harness/model/event_line.h"
#include "harness/scenario/shape.h"

// The parts of an event line, shared by the line and by its long form.
namespace driftcage::scenario {

template <class T>
using Parsed = tl::expected<T, TextMistake>;

// "exec", …; an empty optional inside for "any".
[[nodiscard]] Parsed<std::optional<model::Verb>> parse_verb(
    std::string_view text);
[[nodiscard]] Parsed<model::ResultPattern> parse_result(std::string_view text);
// "2", ">=2", "<=2", "2..5": what stands behind the x.
[[nodiscard]] Parsed<model::CountRange> parse_count(std::string_view text);
// Syntax of a path glob with $VARIABLES, {hash} and {n}.
[[nodiscard]] std::optional<TextMistake> check_glob(std::string_view text);

// Which part of the line a mistake of the whole is about.
enum class EventPart : std::uint8_t { Subject, Result };
struct PartMistake {
  EventPart part = EventPart::Subject;
  TextMistake mistake;
};
// Combinations that no event can match, such as `open x = no-loader`.
[[nodiscard]] std::optional<PartMistake> check_parts(
    const model::EventLine& line);

// The one spelling of a line, from its parts.
[[nodiscard]] std::string spell(const model::EventLine& line);

[[nodiscard]] std::vector<std::string> verb_names();  // with "any"

}  // namespace driftcage::scenario
