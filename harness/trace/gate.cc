// SPDX-License-Identifier: Apache-2.0
#include "harness/trace/gate.h"

#include <fnmatch.h>

#include <algorithm>

#include "harness/base/path.h"

namespace driftcage::trace {

Gate::Gate(const model::TraceSpec& spec) : gated_(spec.gated) {
  for (const std::string& name : spec.names) {
    const bool plain = name.find_first_of("*?[\\") == std::string::npos;
    (plain ? plain_ : patterns_).push_back(name);
  }
  std::sort(plain_.begin(), plain_.end());
}

bool Gate::lets_stop(model::Verb verb, std::string_view path) const {
  if ((gated_ >> static_cast<unsigned>(verb) & 1U) == 0) return true;
  while (path.ends_with('/')) path.remove_suffix(1);
  const std::string_view name = base::path::base_name(path);
  if (name.empty() || name == "." || name == "..") return true;
  if (std::binary_search(plain_.begin(), plain_.end(), name)) return true;
  if (patterns_.empty()) return false;
  const std::string text(name);
  return std::any_of(patterns_.begin(), patterns_.end(),
                     [&text](const std::string& pattern) {
                       return fnmatch(pattern.c_str(), text.c_str(), 0) == 0;
                     });
}

}  // namespace driftcage::trace
