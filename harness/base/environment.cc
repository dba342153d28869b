// SPDX-License-Identifier: Apache-2.0
#include "harness/base/environment.h"

#include <unistd.h>

#include <cstddef>
#include <string_view>

namespace driftcage::base {

std::map<std::string, std::string> environment() {
  std::map<std::string, std::string> values;
  for (char** entry = ::environ; *entry != nullptr; ++entry) {
    const std::string_view pair(*entry);
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) continue;
    values.emplace(pair.substr(0, equals), pair.substr(equals + 1));
  }
  return values;
}

}  // namespace driftcage::base
