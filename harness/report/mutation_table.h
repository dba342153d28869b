// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "harness/match/mutants.h"
#include "harness/model/verdict.h"

namespace driftcage::report {

// What became of the mutants of scenarios, as a table in Markdown.
class MutationTable {
 public:
  // The scenario itself. Its mutants count only when it passes.
  void add(const std::string& id, const std::string& image,
           model::Verdict verdict, const std::string& reason);
  void add(const std::string& id, const std::string& image,
           const match::Mutant& mutant, model::Verdict verdict);

  // Every scenario that was not skipped passes, and no mutant of it does.
  [[nodiscard]] bool all_red() const;
  [[nodiscard]] std::string markdown() const;

 private:
  struct Count {
    std::size_t all = 0;
    std::size_t red = 0;
  };
  struct Row {
    model::Verdict verdict = model::Verdict::Pass;
    std::string reason;
    std::array<Count, 3> counts{};  // by match::Mutant::Kind
    std::vector<std::string> survivors;
  };
  // By image and id. A mutant can come before its scenario.
  std::map<std::string, std::map<std::string, Row>> images_;
};

}  // namespace driftcage::report
