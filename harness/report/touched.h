// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>

#include "harness/base/result.h"
#include "harness/match/glob.h"

namespace driftcage::report {

// What a leg executed, opened, searched and loaded, as event lines, each once:
// `exec $GOROOT/bin/go = ok`. Paths begin with the variables; what differs from
// run to run (temporary names, hashes, process ids) is written {n} and {hash}.
// `file` is the trace of a run record.
[[nodiscard]] base::Result<std::set<std::string>> touched(
    const std::string& file, const match::Variables& variables);

// One line of it with the names that differ from run to run replaced.
[[nodiscard]] std::string steady_line(std::string line);

}  // namespace driftcage::report
