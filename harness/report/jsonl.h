// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "harness/report/stream.h"

namespace driftcage::report {

// The version of the lines; bumped when a field changes its meaning or goes.
inline constexpr int kResultsVersion = 1;

// One JSON object a line: "run", one "result" per scenario, "end". Schema:
// docs/results.schema.json.
[[nodiscard]] std::unique_ptr<Stream> jsonl_stream();

}  // namespace driftcage::report
