// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "harness/report/stream.h"

namespace driftcage::report {

// The stream of `go test -json` (cmd/test2json), for tools that read it:
// gotestsum --raw-command, test reporters of CI systems. A folder of scenarios
// is a package, a scenario a test, a leg a subtest.
[[nodiscard]] std::unique_ptr<Stream> go_test_stream();

}  // namespace driftcage::report
