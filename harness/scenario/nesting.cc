// SPDX-License-Identifier: Apache-2.0
#include "harness/scenario/nesting.h"

#include <cstddef>

namespace driftcage::scenario {
namespace {

constexpr int kMaxParts = 16;

// The first byte after the string that starts at `at`.
std::size_t skip_string(std::string_view source, std::size_t at) {
  const char quote = source[at];
  const bool multi =
      source.substr(at, 3) == std::string_view(quote == '"' ? "\"\"\"" : "'''");
  at += multi ? 3 : 1;
  while (at < source.size()) {
    if (quote == '"' && source[at] == '\\') {
      at += 2;
      continue;
    }
    if (!multi && (source[at] == quote || source[at] == '\n')) return at + 1;
    if (multi && source[at] == quote &&
        source.substr(at, 3) ==
            std::string_view(quote == '"' ? "\"\"\"" : "'''")) {
      return at + 3;
    }
    ++at;
  }
  return source.size();
}

}  // namespace

std::optional<DeepKey> find_deep_key(std::string_view source) {
  int parts = 1;
  std::size_t at = 0;
  while (at < source.size()) {
    switch (source[at]) {
      case '"':
      case '\'':
        at = skip_string(source, at);
        continue;
      case '#':
        at = source.find('\n', at);
        if (at == std::string_view::npos) return std::nullopt;
        continue;
      case '.':
        if (++parts > kMaxParts) {
          DeepKey key;
          const std::string_view before = source.substr(0, at);
          const std::size_t newline = before.rfind('\n');
          for (const char byte : before) key.line += byte == '\n' ? 1 : 0;
          key.column = static_cast<std::uint32_t>(
              at - (newline == std::string_view::npos ? 0 : newline + 1) + 1);
          return key;
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
        break;
    }
    ++at;
  }
  return std::nullopt;
}

}  // namespace driftcage::scenario
