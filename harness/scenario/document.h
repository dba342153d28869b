// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "harness/model/source.h"
#include "harness/scenario/diagnostic.h"

// A TOML document as a tree of plain values with their places. It stands
// between the parser and the TOML library, so that one source file alone pays
// for compiling the latter.
namespace driftcage::scenario {

enum class Kind : std::uint8_t {
  Text,
  Integer,
  Float,
  Boolean,
  Date,  // a date, a time or both; `text` holds its spelling
  Array,
  Table,
};

// A part of the source, cut at the end of its first line.
struct Span {
  std::size_t offset = 0;  // bytes from the start of the source
  std::uint32_t line = 1;
  std::uint32_t column = 1;  // bytes
  std::uint32_t length = 1;  // bytes
  // The value is not what is written there: a part of it has no place of its
  // own.
  bool whole = false;
};

struct Entry;

struct Node {
  Kind kind = Kind::Table;
  Span at;
  std::string text;
  std::int64_t integer = 0;
  bool boolean = false;
  std::vector<Node> items;     // of an array
  std::vector<Entry> entries;  // of a table, in the order of the file

  [[nodiscard]] const Entry* find(std::string_view name) const;
  // The value of a key, if it is there and of this kind.
  [[nodiscard]] const Node* get(std::string_view name, Kind wanted) const;
};

struct Entry {
  std::string name;
  Span at;  // of the key, of one part of it when it is dotted
  Node value;
};

// Longest file that is read; a scenario is a few kilobytes.
inline constexpr std::size_t kMaxSource = 1u << 20;

// Reads TOML 1.0. A syntax mistake ends the reading: there is only one of it.
[[nodiscard]] tl::expected<Node, Diagnostic> read_document(
    std::string_view source, const std::string& file);

// The place of byte `offset` of the string or key that starts at `text`, with
// escapes counted, so that a mistake inside a value is shown in the source.
[[nodiscard]] Span place_in_text(std::string_view source, const Span& text,
                                 std::size_t offset, std::size_t length);

[[nodiscard]] inline model::SourceRange range_of(const Span& span,
                                                 const std::string& file) {
  return {file, span.line, span.column, span.length};
}

}  // namespace driftcage::scenario
