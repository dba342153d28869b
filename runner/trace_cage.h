// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/match/glob.h"
#include "harness/model/cage_spec.h"

namespace driftcage::runner {

struct TraceCage {
  model::CageSpec spec;
  // Keeps the image's tree from removal: to be held until the run has ended.
  std::shared_ptr<const void> lease;
};

// The cage of `driftcage trace`: the healthy cage over `image`, but with the
// caller's environment and, at its own path, a copy-on-write view of the
// caller's working directory. Without a time-out, traced by the filter engine.
[[nodiscard]] base::Result<TraceCage> trace_cage(
    const std::string& image, const std::vector<std::string>& argv);

// What $WORK, $HOME and $TMP mean in an event line about such a trace.
[[nodiscard]] match::Variables trace_variables(const model::CageSpec& spec);

}  // namespace driftcage::runner
