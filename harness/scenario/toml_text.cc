// SPDX-License-Identifier: Apache-2.0
#include "harness/scenario/toml_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace driftcage::scenario {
namespace {

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

std::string basic(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        out += is_control(c)
                   ? fmt::format("\\u{:04X}", static_cast<unsigned char>(c))
                   : std::string(1, c);
    }
  }
  return out + '"';
}

}  // namespace

std::string toml_string(std::string_view text) {
  const bool ugly = text.find_first_of("\"\\") != std::string_view::npos;
  const bool literal = text.find('\'') == std::string_view::npos &&
                       std::none_of(text.begin(), text.end(), is_control);
  return ugly && literal ? fmt::format("'{}'", text) : basic(text);
}

std::string toml_block(std::string_view text) {
  // A few short lines are easier to read beside their key.
  constexpr std::size_t kShort = 48;
  if (text.size() <= kShort) return toml_string(text);
  const bool lines = text.size() > 1 && text.find('\n') < text.size() - 1 &&
                     text.find("'''") == std::string_view::npos &&
                     !text.ends_with('\'') &&
                     std::none_of(text.begin(), text.end(), [](char c) {
                       return is_control(c) && c != '\n' && c != '\t';
                     });
  // The first line end after the quotes does not count.
  return lines ? fmt::format("'''\n{}'''", text) : toml_string(text);
}

std::string toml_key(std::string_view name) {
  const bool bare =
      !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               (c >= '0' && c <= '9') || c == '_' || c == '-';
      });
  return bare ? std::string(name) : basic(name);
}

std::string toml_list(const std::vector<std::string>& texts) {
  constexpr std::size_t kWidth = 72;
  std::string line;
  std::string block;
  for (const std::string& text : texts) {
    const std::string value = toml_string(text);
    line += (line.empty() ? "" : ", ") + value;
    block += "  " + value + ",\n";
  }
  return texts.size() > 1 && line.size() > kWidth ? fmt::format("[\n{}]", block)
                                                  : fmt::format("[{}]", line);
}

}  // namespace driftcage::scenario
