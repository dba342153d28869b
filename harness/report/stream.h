// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

#include "harness/run/suite.h"

namespace driftcage::report {

// A report that is written as results come: memory does not grow with their
// number, and a reader sees them at once. Each call returns the next piece.
class Stream {
 public:
  virtual ~Stream() = default;
  [[nodiscard]] virtual std::string begin(std::size_t scenarios) = 0;
  [[nodiscard]] virtual std::string add(const run::ScenarioResult& result) = 0;
  [[nodiscard]] virtual std::string end(const run::SuiteResult& result) = 0;
};

}  // namespace driftcage::report
