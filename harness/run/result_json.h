// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "harness/run/suite.h"

namespace driftcage::run {

// result.json of a run record.
[[nodiscard]] nlohmann::ordered_json result_json(
    const ScenarioResult& result,
    const std::map<std::string, std::string>& variables);
// Its line in results.jsonl; `folder` is relative to the record.
[[nodiscard]] nlohmann::ordered_json summary_json(const ScenarioResult& result,
                                                  const std::string& folder);
// Compact with indent -1. Bytes that are no UTF-8 become U+FFFD.
[[nodiscard]] std::string json_text(const nlohmann::ordered_json& value,
                                    int indent);

}  // namespace driftcage::run
