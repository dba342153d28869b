// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace driftcage::cli_test {

// "ID VERDICT" for each result of a run record, by name: it holds them in the
// order in which they ended. `key`: "round" in the place of "id".
inline std::vector<std::string> verdicts_of(const std::filesystem::path& record,
                                            const char* key = "id") {
  std::vector<std::string> list;
  std::ifstream in(record / "results.jsonl");
  for (std::string line; std::getline(in, line);) {
    const nlohmann::json result = nlohmann::json::parse(line);
    const nlohmann::json& name = result[key];
    list.push_back((name.is_string() ? name.get<std::string>() : name.dump()) +
                   " " + result["verdict"].get<std::string>());
  }
  std::sort(list.begin(), list.end());
  return list;
}

}  // namespace driftcage::cli_test
