// SPDX-License-Identifier: Apache-2.0
#include "harness/scenario/prescan.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace driftcage::scenario {
namespace {

constexpr int kMaxParts = 16;

std::string_view three_quotes(char quote) {
  return quote == '"' ? "\"\"\"" : "'''";
}

// The first byte after the text that starts at `at`.
std::size_t skip_text(std::string_view source, std::size_t at) {
  const char quote = source[at];
  const bool multi = source.substr(at, 3) == three_quotes(quote);
  at += multi ? 3 : 1;
  while (at < source.size()) {
    if (quote == '"' && source[at] == '\\') {
      at += 2;
    } else if (!multi && (source[at] == quote || source[at] == '\n')) {
      return at + 1;
    } else if (multi && source.substr(at, 3) == three_quotes(quote)) {
      at += 3;
      // Up to two more quotes belong to the text.
      for (int i = 0;
           i < 2 && source.substr(at, 1) == std::string_view(&quote, 1); ++i) {
        ++at;
      }
      return at;
    } else {
      ++at;
    }
  }
  return source.size();
}

EarlyMistake mistake(std::string_view source, std::size_t at,
                     std::string message) {
  const std::string_view before = source.substr(0, at);
  const std::size_t newline = before.rfind('\n');
  EarlyMistake found;
  found.line += static_cast<std::uint32_t>(
      std::count(before.begin(), before.end(), '\n'));
  found.column = static_cast<std::uint32_t>(
      at - (newline == std::string_view::npos ? 0 : newline + 1) + 1);
  // All bytes of the character.
  while (at + found.length < source.size() &&
         (static_cast<unsigned char>(source[at + found.length]) & 0xc0) ==
             0x80) {
    ++found.length;
  }
  found.message = std::move(message);
  return found;
}

}  // namespace

std::optional<EarlyMistake> find_early_mistake(std::string_view source) {
  int parts = 1;
  std::size_t at = source.starts_with("\xef\xbb\xbf") ? 3 : 0;
  while (at < source.size()) {
    const char byte = source[at];
    switch (byte) {
      case '"':
      case '\'':
        at = skip_text(source, at);
        continue;
      case '#':
        at = source.find('\n', at);
        if (at == std::string_view::npos) return std::nullopt;
        continue;
      case '.':
        if (++parts > kMaxParts) {
          return mistake(source, at, "the key has too many parts");
        }
        break;
      case '\n':
      case '=':
      case ',':
      case '{':
      case '[':
      case ']':
        parts = 1;
        break;
      default:
        if ((static_cast<unsigned char>(byte) & 0x80) != 0) {
          return mistake(source, at,
                         "only texts and comments may hold this character");
        }
        break;
    }
    ++at;
  }
  return std::nullopt;
}

}  // namespace driftcage::scenario
