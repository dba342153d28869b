// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/mine/miner.h"
#include "harness/mine/telling_line.h"
#include "harness/run/suite.h"

namespace driftcage::mine {

// What several runs of one scenario showed of its control and its fault leg.
struct Evidence {
  Runs healthy;
  Runs broken;
  Outputs errors;  // standard error
  Outputs output;  // standard output
  std::vector<wire::End> healthy_ends;
  std::vector<wire::End> broken_ends;
  Clues clues;
};

// Reads the traces of `results`, all of one scenario. Fails when a leg has no
// whole trace: the cage could not be made, it was cut off or ran out of time.
[[nodiscard]] base::Result<Evidence> gather(
    const std::vector<run::ScenarioResult>& results);

// What a fault is about: the subjects and names that its effects speak of.
[[nodiscard]] Clues clues_of(const scenario::Scenario& scenario,
                             const match::Variables& variables);

// `1`, `"nonzero"`, `{ signal = "SIGKILL" }`: the value of `exit` that all
// these ends have; empty when some ended well and some did not.
[[nodiscard]] std::string exit_value(const std::vector<wire::End>& ends);

}  // namespace driftcage::mine
