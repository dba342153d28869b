// SPDX-License-Identifier: Apache-2.0
#include "harness/mine/repair.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>

#include "harness/mine/draft.h"

namespace driftcage::mine {
namespace {

// Where the line begins, from 1; npos when the text has fewer lines.
std::size_t line_begin(const std::string& text, std::uint32_t line) {
  std::size_t at = 0;
  for (std::uint32_t i = 1; i < line; ++i) {
    at = text.find('\n', at);
    if (at == std::string::npos) return at;
    ++at;
  }
  return at;
}

scenario::Diagnostics mistakes_of(const std::string& text,
                                  const std::string& file,
                                  const scenario::ParseOptions& options) {
  auto parsed = scenario::parse_all(text, file, options);
  return parsed ? scenario::Diagnostics{} : std::move(parsed).error();
}

// The remedy that a hint names: one word for what is underlined.
std::string remedy_of(const std::string& hint) {
  static const RE2 kOneName("did you mean \"([^\"]+)\"\\?");
  static const RE2 kVariable("did you mean (\\$\\{?[A-Za-z0-9_]+\\}?)\\?");
  std::string name;
  if (RE2::FullMatch(hint, kOneName, &name)) return name;
  if (RE2::FullMatch(hint, kVariable, &name)) return name;
  return {};
}

// Blanks at line ends, and line ends, where they mean nothing.
void format(std::string* text, std::vector<std::string>* done) {
  if (text->find('\r') != std::string::npos &&
      text->find("'''") == std::string::npos &&
      text->find("\"\"\"") == std::string::npos) {
    std::erase(*text, '\r');
    done->emplace_back("line ends");
  }
  std::string out;
  bool blanks = false;
  for_each_line(*text, [&](const std::string& line, bool inside_text) {
    const std::size_t end = line.find_last_not_of(" \t");
    const std::size_t size = end == std::string::npos ? 0 : end + 1;
    const bool cut = !inside_text && size < line.size();
    blanks = blanks || cut;
    out += (cut ? line.substr(0, size) : line) + "\n";
  });
  if (blanks) done->emplace_back("blanks at line ends");
  if (!text->empty() && !text->ends_with('\n')) {
    done->emplace_back("a line end at the end");
  }
  *text = std::move(out);
}

}  // namespace

bool replace_at(const model::SourceRange& at, const std::string& value,
                std::string* text) {
  if (at.line == 0 || at.column == 0) return false;
  const std::size_t begin = line_begin(*text, at.line);
  if (begin == std::string::npos) return false;
  const std::size_t end = std::min(text->find('\n', begin), text->size());
  const std::size_t from = begin + at.column - 1;
  if (from + at.length > end) return false;
  text->replace(from, at.length, value);
  return true;
}

Repair repair(const std::string& text, const std::string& file,
              const scenario::ParseOptions& options) {
  Repair repair{text, {}};
  scenario::Diagnostics mistakes = mistakes_of(repair.text, file, options);
  bool changed = true;
  while (changed) {
    changed = false;
    for (const scenario::Diagnostic& mistake : mistakes) {
      const std::string remedy = remedy_of(mistake.hint);
      // What an included file holds is not ours to change.
      if (remedy.empty() || !mistake.source.empty()) continue;
      const std::size_t begin = line_begin(repair.text, mistake.at.line);
      if (begin == std::string::npos || mistake.at.column == 0) continue;
      const std::string wrong =
          repair.text.substr(begin + mistake.at.column - 1, mistake.at.length);
      std::string better = repair.text;
      // A value is underlined with its quotes.
      const bool quoted =
          wrong.size() > 1 && (wrong[0] == '"' || wrong[0] == '\'');
      if (!replace_at(mistake.at,
                      quoted ? wrong[0] + remedy + wrong[0] : remedy,
                      &better)) {
        continue;
      }
      auto left = mistakes_of(better, file, options);
      if (left.size() >= mistakes.size()) continue;
      repair.done.push_back(
          fmt::format("line {}: {} -> {}", mistake.at.line, wrong, remedy));
      repair.text = std::move(better);
      mistakes = std::move(left);
      changed = true;
      break;
    }
  }
  format(&repair.text, &repair.done);
  return repair;
}

}  // namespace driftcage::mine
