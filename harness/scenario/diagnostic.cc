// SPDX-License-Identifier: Apache-2.0
#include "harness/scenario/diagnostic.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace driftcage::scenario {
namespace {

std::string_view line_of(std::string_view source, std::uint32_t number) {
  for (std::uint32_t line = 1; line < number; ++line) {
    const auto newline = source.find('\n');
    if (newline == std::string_view::npos) return {};
    source.remove_prefix(newline + 1);
  }
  source = source.substr(0, source.find('\n'));
  if (source.ends_with('\r')) source.remove_suffix(1);
  return source;
}

bool continues(char byte) {
  return (static_cast<unsigned char>(byte) & 0xc0) == 0x80;
}

// Control characters would reach the reader's terminal.
std::string printable(std::string_view line) {
  std::string text(line);
  for (char& byte : text) {
    const auto value = static_cast<unsigned char>(byte);
    if ((value < 0x20 && byte != '\t') || value == 0x7f) byte = '?';
  }
  return text;
}

// What to print below `text` so that the next character stands below the byte
// after it: tabs stay, and a character of several bytes takes one column.
std::string blanks_below(std::string_view text) {
  std::string blanks;
  for (const char byte : text) {
    if (continues(byte)) continue;
    blanks += byte == '\t' ? '\t' : ' ';
  }
  return blanks;
}

// The part of a very long line around the caret, and the caret's place in it.
std::pair<std::string_view, std::size_t> window(std::string_view line,
                                                std::size_t caret) {
  constexpr std::size_t kWidth = 160;
  if (line.size() <= kWidth) return {line, caret};
  std::size_t begin = caret < kWidth / 2 ? 0 : caret - kWidth / 2;
  // Not in the middle of a character, which has four bytes at most.
  for (int i = 0; i < 3 && begin > 0 && continues(line[begin]); ++i) --begin;
  return {line.substr(begin, kWidth), caret - begin};
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// Levenshtein distance with transpositions (optimal string alignment); case
// does not count.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> now(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    now[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      now[j] = std::min(
          {last[j] + 1, now[j - 1] + 1, last[j - 1] + (same ? 0u : 1u)});
      if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
          lower(a[i - 2]) == lower(b[j - 1])) {
        now[j] = std::min(now[j], before[j - 2] + 1);
      }
    }
    std::swap(before, last);
    std::swap(last, now);
  }
  return last[b.size()];
}

}  // namespace

std::string render(const Diagnostic& diagnostic, std::string_view source) {
  const model::SourceRange& at = diagnostic.at;
  std::string text = fmt::format("{}:{}:{}: error: {}\n", at.file, at.line,
                                 at.column, diagnostic.message);
  if (at.line > 0) {
    const std::string_view line = line_of(
        diagnostic.source.empty() ? source : diagnostic.source, at.line);
    const std::size_t column =
        std::min<std::size_t>(at.column == 0 ? 0 : at.column - 1, line.size());
    const auto [shown, caret] = window(line, column);
    const std::string below = blanks_below(shown.substr(caret, at.length));
    const std::string number = fmt::format("{:5}", at.line);
    text += fmt::format("{} | {}\n", number, printable(shown));
    text += fmt::format("{:{}} | {}^{}\n", "", number.size(),
                        blanks_below(shown.substr(0, caret)),
                        std::string(below.empty() ? 0 : below.size() - 1, '~'));
  }
  if (!diagnostic.hint.empty()) {
    text += fmt::format("hint: {}\n", diagnostic.hint);
  }
  return text;
}

std::string nearest(std::string_view name,
                    const std::vector<std::string>& candidates) {
  // Far names would only confuse; long garbage is not worth comparing.
  if (name.empty() || name.size() > 64) return {};
  const std::size_t reach = name.size() == 1   ? 0
                            : name.size() <= 3 ? 1
                            : name.size() <= 6 ? 2
                                               : 3;
  std::size_t best = reach + 1;
  std::string found;
  for (const std::string& candidate : candidates) {
    const std::size_t d = distance(name, candidate);
    if (d < best) {
      best = d;
      found = candidate;
    }
  }
  if (!found.empty()) return found;
  // "exit_code" for "exit", "feat" for "features".
  for (const std::string& candidate : candidates) {
    const bool longer = candidate.size() >= 4 && name.starts_with(candidate);
    const bool shorter = name.size() >= 3 && candidate.starts_with(name);
    if ((longer || shorter) && candidate.size() > found.size()) {
      found = candidate;
    }
  }
  return found;
}

}  // namespace driftcage::scenario
