// SPDX-License-Identifier: Apache-2.0
#include "harness/base/zero_list.h"

#include <algorithm>

namespace driftcage::base {

std::vector<std::string> split_zero(std::string_view bytes) {
  std::vector<std::string> parts;
  while (!bytes.empty()) {
    const std::size_t end = std::min(bytes.find('\0'), bytes.size());
    parts.emplace_back(bytes.substr(0, end));
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
  }
  return parts;
}

}  // namespace driftcage::base
