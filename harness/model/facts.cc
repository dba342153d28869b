// SPDX-License-Identifier: Apache-2.0
#include "harness/model/facts.h"

namespace driftcage::model {

const Tool* Facts::tool(const std::string& name) const {
  for (const Tool& tool : tools) {
    if (tool.name == name) return &tool;
  }
  return nullptr;
}

}  // namespace driftcage::model
