// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>

#include "harness/plan/planner.h"

namespace driftcage::plan {
namespace {

using Version = std::vector<unsigned>;

// The leading dotted number; what follows ("rc2", "-9+deb12u10") is ignored.
std::optional<Version> parse_version(std::string_view text, bool whole) {
  Version parts;
  while (true) {
    unsigned part = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), part);
    if (error != std::errc()) return std::nullopt;
    parts.push_back(part);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (!text.starts_with('.')) break;
    text.remove_prefix(1);
  }
  if (whole && !text.empty()) return std::nullopt;
  return parts;
}

// Compares as if the shorter one went on with zeros.
int compare(const Version& a, const Version& b) {
  for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
    const unsigned left = i < a.size() ? a[i] : 0;
    const unsigned right = i < b.size() ? b[i] : 0;
    if (left != right) return left < right ? -1 : 1;
  }
  return 0;
}

std::string_view trim(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// Nothing: the condition cannot be parsed.
std::optional<bool> holds(const Version& have, std::string_view condition) {
  constexpr std::array<std::string_view, 7> kOperators{
      ">=", "<=", "!=", "==", ">", "<", "="};
  std::string_view op = "=";
  for (const std::string_view candidate : kOperators) {
    if (!condition.starts_with(candidate)) continue;
    op = candidate;
    condition = trim(condition.substr(candidate.size()));
    break;
  }
  const auto want = parse_version(condition, true);
  if (!want) return std::nullopt;
  const int order = compare(have, *want);
  if (op == ">=") return order >= 0;
  if (op == "<=") return order <= 0;
  if (op == ">") return order > 0;
  if (op == "<") return order < 0;
  // "1.20" names all of 1.20.x.
  Version head = have;
  head.resize(want->size());
  return (head == *want) == (op != "!=");
}

}  // namespace

std::string unmet_version(const std::string& tool, const std::string& have,
                          const std::string& want) {
  std::string_view rest = want;
  const auto version = parse_version(have, false);
  while (true) {
    const std::size_t comma = rest.find(',');
    const std::string_view condition = trim(rest.substr(0, comma));
    if (condition != "*") {
      if (!version) {
        return tool + " tells no version, wanted " + want;
      }
      const auto result = holds(*version, condition);
      if (!result) {
        return "cannot understand the version \"" + want + "\" wanted of " +
               tool;
      }
      if (!*result) return tool + " is " + have + ", wanted " + want;
    }
    if (comma == std::string_view::npos) return {};
    rest.remove_prefix(comma + 1);
  }
}

}  // namespace driftcage::plan
