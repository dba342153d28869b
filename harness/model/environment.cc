// SPDX-License-Identifier: Apache-2.0
#include "harness/model/environment.h"

#include <string_view>
#include <unordered_map>

namespace driftcage::model {
namespace {

using Index = std::unordered_map<std::string_view, std::string_view>;

// A leading '=' belongs to the name: "=x" is a name without a value.
std::string_view name_of(std::string_view entry) {
  return entry.substr(0, entry.find('=', 1));
}

Index index_of(const Environment& environment) {
  Index index;
  index.reserve(environment.size());
  for (const std::string& entry : environment)
    index.emplace(name_of(entry), entry);
  return index;
}

}  // namespace

Environment environment_change(const Environment& before,
                               const Environment& after) {
  if (before == after) return {};
  Environment change;
  const Index old_index = index_of(before);
  Index seen;
  for (const std::string& entry : after) {
    const std::string_view name = name_of(entry);
    if (!seen.emplace(name, entry).second) continue;
    const auto old_entry = old_index.find(name);
    if (old_entry == old_index.end() || old_entry->second != entry)
      change.push_back(entry);
  }
  for (const std::string& entry : before) {
    const std::string_view name = name_of(entry);
    if (seen.emplace(name, entry).second) change.emplace_back(name);
  }
  return change;
}

}  // namespace driftcage::model
