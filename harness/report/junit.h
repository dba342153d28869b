// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/base/result.h"
#include "harness/report/sink.h"
#include "harness/run/record_reader.h"

namespace driftcage::report {

// JUnit XML as GitLab, Jenkins and the usual GitHub actions read it: one
// testsuite per folder of scenarios, one failure or error per case, whose text
// repeats the message. Bounded, because GitLab takes 30 MB per file.
[[nodiscard]] base::Status write_junit(const run::Record& record, Sink& sink);

}  // namespace driftcage::report
