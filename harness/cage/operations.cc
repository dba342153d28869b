// SPDX-License-Identifier: Apache-2.0
#include "harness/cage/operations.h"

namespace driftcage::cage {

base::Result<std::map<std::string, std::string>> apply_operations(
    const model::CageSpec& spec, Tree&, Steps&) {
  return spec.environment;
}

}  // namespace driftcage::cage
