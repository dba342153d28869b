// SPDX-License-Identifier: Apache-2.0
#include "harness/image/image.h"

#include "harness/base/path.h"
#include "harness/image/root_view.h"

namespace driftcage::image {

std::string find_program(const Image& image, const std::string& name) {
  const auto value = image.environment.find("PATH");
  if (name.empty() || value == image.environment.end()) return {};
  for (const std::string& directory : base::path::split_list(value->second)) {
    std::string candidate = base::path::absolute(directory, name);
    if (is_program(image.root, candidate)) return candidate;
  }
  return {};
}

}  // namespace driftcage::image
