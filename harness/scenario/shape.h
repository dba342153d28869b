// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "harness/scenario/document.h"

// The format described as data. One description drives the strict check of a
// file, the JSON Schema, the catalogue of effects and the reference's tables,
// so that they cannot tell different stories.
namespace driftcage::scenario {

// A mistake inside a text, in bytes of its value.
struct TextMistake {
  std::size_t offset = 0;
  std::size_t length = 1;
  std::string message;
  std::string hint;
};

// What a text must look like.
struct TextFormat {
  std::string_view value;    // for people: "duration such as \"60s\""
  std::string_view pattern;  // JSON Schema regular expression; may be empty
  std::optional<TextMistake> (*check)(std::string_view text) = nullptr;
};

struct Key;
struct Shape;
// What a key or an item may hold: alternatives of different kinds.
using Value = std::span<const Shape>;

struct Shape {
  Kind kind = Kind::Text;

  // Text: a format, or one of these words.
  const TextFormat* format = nullptr;
  std::span<const std::string_view> choices = {};
  // Integer: its value. Array: how many items, one at least.
  std::int64_t min = 0;
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
  // Boolean: `true` means nothing here.
  bool only_false = false;
  // Array.
  Value item = {};
  // Table: named keys, then keys shared with other tables, then any other key
  // of a format when there is a value for it.
  std::span<const Key> keys = {};
  std::span<const Key> shared = {};
  const TextFormat* name_format = nullptr;
  Value any = {};
  // Of these keys at most one may be there, or exactly one.
  std::span<const std::string_view> one_of = {};
  bool one_required = false;
  bool optional = false;  // no key is required, whatever the key says
  // Says what is missing when no key of the table changes or states anything.
  std::string_view idle = {};
};

struct Key {
  std::string_view name;
  Value value;
  std::string_view shown;         // "[program, …]"
  std::string_view meaning;       // one sentence
  std::string_view example = {};  // effects: a TOML line
  std::string_view needs = {};    // effects: host features
  bool required = false;
  bool label = false;  // only describes its table: does not count for `idle`
};

// The whole file, and the effects that faults, fixes and the file share.
[[nodiscard]] const Shape& file_shape();
[[nodiscard]] const Shape& waiver_file_shape();
// A file that others include: any key, none required.
[[nodiscard]] const Shape& part_shape();
[[nodiscard]] std::span<const Key> effect_keys();

// The key of a table's shape; null when it has none of this name.
[[nodiscard]] const Key* find_key(const Shape& table, std::string_view name);

}  // namespace driftcage::scenario
