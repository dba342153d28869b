// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "harness/run/schedule.h"

namespace driftcage::run {

// What earlier runs took and whether they were bad, kept in `file`, a JSON
// object. A missing or damaged file is an empty history: it only steers order
// and the spread over shards.
[[nodiscard]] History read_history(const std::string& file);
// Adds `fresh` to what is there, under a lock; the newer entry wins.
base::Status add_history(const std::string& file, const History& fresh);
// $XDG_STATE_HOME/driftcage/history.json.
[[nodiscard]] base::Result<std::string> history_file();

}  // namespace driftcage::run
