// SPDX-License-Identifier: Apache-2.0
#include "harness/run/history.h"

#include <nlohmann/json.hpp>

#include "harness/base/sys.h"
#include "harness/run/folders.h"

namespace driftcage::run {
namespace {

// Not the ordered kind, which looks through all of its keys for each new one.
using Json = nlohmann::json;

constexpr int kSchema = 1;
// Scenarios that were renamed stay in it; past this it begins anew.
constexpr std::size_t kMaxEntries = 200'000;

}  // namespace

History read_history(const std::string& file) {
  const auto text = base::sys::read_file(file);
  if (!text) return {};
  const Json json = Json::parse(*text, nullptr, false);
  if (!json.is_object() || json.value("schema", 0) != kSchema) return {};
  const auto entries = json.find("scenarios");
  if (entries == json.end() || !entries->is_object()) return {};
  History history;
  for (const auto& [key, value] : entries->items()) {
    if (!value.is_array() || value.size() != 2 ||
        !value[0].is_number_unsigned() || !value[1].is_boolean())
      continue;
    history[key] = {value[0].get<std::uint64_t>(), value[1].get<bool>()};
  }
  return history;
}

base::Status add_history(const std::string& file, const History& fresh) {
  if (fresh.empty()) return {};
  const base::UniqueFd lock = DRIFTCAGE_TRY(lock_file(file + ".lock"));
  History all = read_history(file);
  if (all.size() + fresh.size() > kMaxEntries) all.clear();
  for (const auto& [key, past] : fresh) all[key] = past;
  Json entries = Json::object();
  for (const auto& [key, past] : all) {
    entries[key] = Json::array({past.duration_ns, past.bad});
  }
  const Json whole = {{"schema", kSchema}, {"scenarios", std::move(entries)}};
  return base::sys::replace_file(
      file, whole.dump(-1, ' ', false, Json::error_handler_t::replace));
}

base::Result<std::string> history_file() {
  return DRIFTCAGE_TRY(state_folder()) + "/history.json";
}

}  // namespace driftcage::run
