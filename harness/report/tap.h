// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "harness/report/stream.h"

namespace driftcage::report {

// Test Anything Protocol, version 14: a test point per scenario, its legs as a
// subtest before it, a YAML block with the reason after it.
[[nodiscard]] std::unique_ptr<Stream> tap_stream();

}  // namespace driftcage::report
