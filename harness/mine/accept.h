// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/run/record_reader.h"
#include "harness/run/suite.h"

namespace driftcage::mine {

struct Accepted {
  std::string text;               // of the file, changed in place
  std::vector<std::string> done;  // "line 12: exit 1 -> 2"
};

// The scenario of `result`, which is one of `record`, with its golden parts as
// the fault leg really was: exit status and output patterns that did not fit.
// With `signature` also the lines of see and never that did not hold, replaced
// by mined ones. Judged by the stored traces the changed scenario passes; else
// this fails, and when nothing of it can be changed, or the result says nothing
// about it.
[[nodiscard]] base::Result<Accepted> accept(const run::Record& record,
                                            const run::ScenarioResult& result,
                                            bool signature);

}  // namespace driftcage::mine
