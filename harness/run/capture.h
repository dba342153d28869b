// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/model/cage_spec.h"
#include "harness/run/launcher.h"
#include "harness/wire/record.h"

namespace driftcage::run {

// A cage run to its end, for what it prints.
struct Captured {
  wire::CageUp cage;
  wire::End end;
  std::string out;
  std::string err;
  // The payload ran and ended with exit status 0.
  [[nodiscard]] bool success() const {
    return end.outcome == wire::Outcome::Finished && end.status.success();
  }
};

// Runs all specs at once and waits for them, in their order. A cage that could
// not be made is an error of its item. A signal ends them all: EINTR.
[[nodiscard]] std::vector<base::Result<Captured>> capture(
    Launcher& launcher, const std::vector<model::CageSpec>& specs);

}  // namespace driftcage::run
