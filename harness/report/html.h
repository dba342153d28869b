// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/base/result.h"
#include "harness/report/sink.h"
#include "harness/run/record_reader.h"

namespace driftcage::report {

// One page that needs nothing else and asks nobody: the matrix of scenarios and
// images first; per scenario its legs' process trees over time, what each event
// line saw in which leg, findings at their place in the source, and the next
// command. Trees of good results are left out when the page grows too large.
[[nodiscard]] base::Status write_html(const run::Record& record, Sink& sink);

}  // namespace driftcage::report
