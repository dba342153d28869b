// SPDX-License-Identifier: Apache-2.0
#include "harness/scenario/go_mention.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace driftcage::scenario {
namespace {

bool has_go(std::string_view text) {
  for (std::size_t at = 0; at + 1 < text.size(); ++at) {
    if ((text[at] | 0x20) == 'g' && (text[at + 1] | 0x20) == 'o') return true;
  }
  return false;
}

// Keys of a scenario and of its parts whose values tell of a run and do not
// change its cages: they may be edited and judged again.
constexpr std::array<std::string_view, 16> kOfNoCage = {
    "about",    "control", "exclusive", "expect", "group",   "id",
    "learn",    "legs",    "name",      "refs",   "retries", "say",
    "symptoms", "tags",    "title",     "xfail"};
// A tree or bytes that cannot be looked into here; or a stage that speaks of
// the cache, and so of Go.
constexpr std::array<std::string_view, 3> kOpaque = {"base64", "cache", "from"};

bool is_one_of(std::span<const std::string_view> keys, std::string_view key) {
  return std::ranges::find(keys, key) != keys.end();
}

// Whether the letters of Go stand anywhere below `node`, or what may hold them.
bool has_go(const Node& node) {
  return has_go(node.text) ||
         std::ranges::any_of(node.items,
                             [](const Node& item) { return has_go(item); }) ||
         std::ranges::any_of(node.entries, [](const Entry& entry) {
           return is_one_of(kOpaque, entry.name) || has_go(entry.name) ||
                  has_go(entry.value);
         });
}

}  // namespace

bool may_run_go(const Node& part) {
  constexpr std::array<std::string_view, 3> kParts = {"fault", "fix", "step"};
  return std::ranges::any_of(part.entries, [&](const Entry& entry) {
    if (is_one_of(kOfNoCage, entry.name)) return false;
    if (is_one_of(kParts, entry.name)) {
      return std::ranges::any_of(entry.value.items, may_run_go);
    }
    return is_one_of(kOpaque, entry.name) || has_go(entry.name) ||
           has_go(entry.value);
  });
}

}  // namespace driftcage::scenario
