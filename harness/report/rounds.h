// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/run/record_reader.h"

namespace driftcage::report {

// An event that some rounds of --repeat show and others do not.
struct UnsteadyLine {
  std::string leg;
  std::string line;        // as touched() writes it
  std::size_t rounds = 0;  // that have it
};

// A scenario on an image whose rounds are not alike.
struct Unsteady {
  std::string id;
  std::string image;
  std::size_t rounds = 0;             // that ran
  std::vector<std::string> verdicts;  // different ones, each once
  std::vector<UnsteadyLine> lines;
};

// What differs between the rounds of each scenario: verdicts, and what its legs
// execute, open, search and load. Names that change from run to run and
// repetitions do not count. Reads the traces of one scenario at a time; a trace
// that cannot be read is an error.
[[nodiscard]] base::Result<std::vector<Unsteady>> compare_rounds(
    const run::Record& record);

// For people; empty when all rounds are alike.
[[nodiscard]] std::string rounds_text(const std::vector<Unsteady>& unsteady);

}  // namespace driftcage::report
