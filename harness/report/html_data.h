// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "harness/run/suite.h"

namespace driftcage::report {

// What the page shows of one result; harness/report/page.html reads it.
// `trees`: with the processes and failed calls of each leg, from its trace.
[[nodiscard]] nlohmann::ordered_json html_data(
    const run::ScenarioResult& result, bool trees);

}  // namespace driftcage::report
