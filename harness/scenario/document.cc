// SPDX-License-Identifier: Apache-2.0
#include "harness/scenario/document.h"

#include <algorithm>
#include <sstream>
#include <utility>

// Nesting is bounded because the library and this file walk trees recursively.
#define TOML_MAX_NESTED_VALUES 32
#include <toml++/toml.h>

#include "harness/scenario/nesting.h"

namespace driftcage::scenario {
namespace {

bool continues_utf8(char byte) {
  return (static_cast<unsigned char>(byte) & 0xc0) == 0x80;
}

// Turns the library's positions, which count code points, into byte offsets.
class Lines {
 public:
  explicit Lines(std::string_view source) : source_(source) {
    ascii_ = std::ranges::none_of(source,
                                  [](char byte) { return (byte & 0x80) != 0; });
    // A byte order mark is no part of the first line.
    starts_.push_back(source.substr(0, 3) == "\xef\xbb\xbf" ? 3 : 0);
    for (std::size_t at = source.find('\n'); at != std::string_view::npos;
         at = source.find('\n', at + 1)) {
      starts_.push_back(at + 1);
    }
  }

  [[nodiscard]] Span span(const toml::source_region& region) const {
    Span span;
    const std::size_t begin = offset(region.begin);
    const std::size_t end = offset(region.end);
    const std::size_t line = line_index(region.begin);
    const std::size_t line_end = end_of(line);
    span.offset = begin;
    span.line = static_cast<std::uint32_t>(line + 1);
    span.column = static_cast<std::uint32_t>(begin - starts_[line] + 1);
    const std::size_t last =
        std::min(std::max(end, begin + 1), std::max(line_end, begin + 1));
    span.length = static_cast<std::uint32_t>(last - begin);
    return span;
  }

 private:
  [[nodiscard]] std::size_t line_index(toml::source_position position) const {
    const std::size_t line = position.line == 0 ? 0 : position.line - 1;
    return std::min(line, starts_.size() - 1);
  }

  [[nodiscard]] std::size_t end_of(std::size_t line) const {
    std::size_t end =
        line + 1 < starts_.size() ? starts_[line + 1] - 1 : source_.size();
    if (end > starts_[line] && source_[end - 1] == '\r') --end;
    return end;
  }

  [[nodiscard]] std::size_t offset(toml::source_position position) const {
    const std::size_t line = line_index(position);
    const std::size_t end = end_of(line);
    std::size_t at = starts_[line];
    if (ascii_) return std::min(at + std::max(position.column, 1u) - 1, end);
    for (std::uint32_t column = 1; column < position.column && at < end;
         ++column) {
      ++at;
      while (at < end && continues_utf8(source_[at])) ++at;
    }
    return at;
  }

  std::string_view source_;
  bool ascii_ = true;  // then columns are bytes
  std::vector<std::size_t> starts_;
};

template <class Value>
std::string spelled(const Value& value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

Node convert(const toml::node& from, const Lines& lines) {
  Node node;
  node.at = lines.span(from.source());
  switch (from.type()) {
    case toml::node_type::string:
      node.kind = Kind::Text;
      node.text = from.as_string()->get();
      break;
    case toml::node_type::integer:
      node.kind = Kind::Integer;
      node.integer = from.as_integer()->get();
      break;
    case toml::node_type::floating_point:
      node.kind = Kind::Float;
      break;
    case toml::node_type::boolean:
      node.kind = Kind::Boolean;
      node.boolean = from.as_boolean()->get();
      break;
    case toml::node_type::date:
      node.kind = Kind::Date;
      node.text = spelled(from.as_date()->get());
      break;
    case toml::node_type::time:
      node.kind = Kind::Date;
      node.text = spelled(from.as_time()->get());
      break;
    case toml::node_type::date_time:
      node.kind = Kind::Date;
      node.text = spelled(from.as_date_time()->get());
      break;
    case toml::node_type::array:
      node.kind = Kind::Array;
      node.items.reserve(from.as_array()->size());
      for (const toml::node& item : *from.as_array()) {
        node.items.push_back(convert(item, lines));
      }
      break;
    case toml::node_type::table:
    case toml::node_type::none:
      node.kind = Kind::Table;
      for (const auto& [key, value] : *from.as_table()) {
        node.entries.push_back({std::string(key.str()),
                                lines.span(key.source()),
                                convert(value, lines)});
      }
      // The library sorts by name.
      std::ranges::sort(node.entries, {},
                        [](const Entry& entry) { return entry.at.offset; });
      break;
  }
  return node;
}

// The library's messages, without what the place tells anyway.
Diagnostic syntax_mistake(const toml::parse_error& error, const Span& at,
                          std::string_view source, const std::string& file) {
  std::string_view text = error.description();
  if (text.starts_with("Error while parsing")) {
    if (const auto colon = text.find(": "); colon != std::string_view::npos) {
      text.remove_prefix(colon + 2);
    }
  }
  Diagnostic diagnostic{range_of(at, file), std::string(text), {}};
  std::string& message = diagnostic.message;
  const std::string_view rest =
      source.substr(std::min(at.offset, source.size()));
  if (message.starts_with("unescaped control characters") &&
      rest.substr(0, rest.starts_with('\r') ? 2 : 1).ends_with('\n')) {
    message = "the text is not closed on its line";
    diagnostic.hint = "texts of several lines stand in \"\"\" or \'\'\'";
  } else if (message.starts_with("encountered end-of-file")) {
    message = "the file ends too early: something is not closed";
  } else if (message.starts_with("cannot redefine existing")) {
    diagnostic.hint = "each key and each [table] may stand once";
  } else if (message.starts_with("exceeded maximum nested")) {
    message = "values are nested too deep";
  } else if (message.starts_with("could not determine value type")) {
    message = "this is no value";
    diagnostic.hint = "texts stand in quotes";
  } else if (message.starts_with("Encountered invalid utf-8")) {
    message = "the file is not UTF-8";
  }
  message.insert(0, "TOML: ");
  return diagnostic;
}

}  // namespace

const Entry* Node::find(std::string_view name) const {
  for (const Entry& entry : entries) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

const Node* Node::get(std::string_view name, Kind wanted) const {
  const Entry* entry = find(name);
  return entry != nullptr && entry->value.kind == wanted ? &entry->value
                                                         : nullptr;
}

tl::expected<Node, Diagnostic> read_document(std::string_view source,
                                             const std::string& file) {
  if (source.size() > kMaxSource) {
    return tl::make_unexpected(Diagnostic{{file, 1, 1, 1},
                                          "the file is longer than 1 MiB",
                                          "move data into the image"});
  }
  if (const auto deep = find_deep_key(source)) {
    return tl::make_unexpected(Diagnostic{
        {file, deep->line, deep->column, 1}, "the key has too many parts", {}});
  }
  const toml::parse_result result = toml::parse(source);
  const Lines lines(source);
  if (!result) {
    const toml::parse_error& error = result.error();
    return tl::make_unexpected(
        syntax_mistake(error, lines.span(error.source()), source, file));
  }
  return convert(result.table(), lines);
}

namespace {

// Length of the UTF-8 form of the code point that `digits` spell.
std::size_t utf8_length(std::string_view digits) {
  std::uint32_t code = 0;
  for (const char digit : digits) {
    const auto lower = static_cast<unsigned char>(digit | 0x20);
    code = code * 16 + (lower >= 'a' ? lower - 'a' + 10u : lower - '0');
  }
  if (code < 0x80) return 1;
  if (code < 0x800) return 2;
  return code < 0x10000 ? 3 : 4;
}

// One step through the inside of a basic string: how many bytes of source
// stand for how many bytes of value.
std::pair<std::size_t, std::size_t> escape_step(std::string_view rest) {
  if (rest.empty() || rest[0] != '\\' || rest.size() < 2) return {1, 1};
  const char letter = rest[1];
  if (letter == 'u' || letter == 'U') {
    const std::size_t digits = letter == 'u' ? 4 : 8;
    if (rest.size() < 2 + digits) return {rest.size(), 1};
    return {2 + digits, utf8_length(rest.substr(2, digits))};
  }
  if (letter == '\n' || letter == '\r' || letter == ' ' || letter == '\t') {
    // A backslash at the line's end swallows all white space that follows.
    const auto end = rest.find_first_not_of(" \t\r\n", 1);
    return {end == std::string_view::npos ? rest.size() : end, 0};
  }
  return {2, 1};
}

}  // namespace

Span place_in_text(std::string_view source, const Span& text,
                   std::size_t offset, std::size_t length) {
  std::size_t at = std::min(text.offset, source.size());
  const char quote = at < source.size() ? source[at] : '"';
  // A bare key has no quotes.
  if (quote == '"' || quote == '\'') {
    if (source.substr(at, 3) == std::string(3, quote)) {
      at += 3;
      if (source.substr(at, 2) == "\r\n") ++at;
      if (source.substr(at, 1) == "\n") ++at;
    } else {
      ++at;
    }
  }
  std::size_t value = 0;
  const auto walk = [&](std::size_t until) {
    while (at < source.size() && value < until) {
      const auto [raw, decoded] =
          quote == '"' ? escape_step(source.substr(at))
                       : std::pair<std::size_t, std::size_t>{1, 1};
      at += raw;
      value += decoded;
    }
  };
  walk(offset);
  const std::size_t begin = std::min(at, source.size());
  walk(offset + length);
  Span span;
  span.offset = begin;
  const std::size_t from = std::min(text.offset, begin);
  const std::string_view before = source.substr(from, begin - from);
  span.line = text.line + static_cast<std::uint32_t>(
                              std::count(before.begin(), before.end(), '\n'));
  const auto newline = before.rfind('\n');
  span.column = static_cast<std::uint32_t>(newline == std::string_view::npos
                                               ? text.column + before.size()
                                               : before.size() - newline);
  const std::size_t line_end =
      std::min(source.find('\n', begin), source.size());
  span.length = static_cast<std::uint32_t>(
      std::max<std::size_t>(1, std::min(at, line_end) - begin));
  return span;
}

}  // namespace driftcage::scenario
