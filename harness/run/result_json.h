// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "harness/run/suite.h"

namespace driftcage::run {

// result.json of a run record in the folder `record`; paths are relative to it.
[[nodiscard]] nlohmann::ordered_json result_json(
    const ScenarioResult& result,
    const std::map<std::string, std::string>& variables,
    const std::string& record);
// Its line in results.jsonl.
[[nodiscard]] nlohmann::ordered_json summary_json(const ScenarioResult& result,
                                                  const std::string& record);
// A path below `record` without it.
[[nodiscard]] std::string relative_to(const std::string& record,
                                      const std::string& path);
// Compact with indent -1. Bytes that are no UTF-8 become U+FFFD.
[[nodiscard]] std::string json_text(const nlohmann::ordered_json& value,
                                    int indent);

}  // namespace driftcage::run
