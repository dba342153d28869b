// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/model/verdict.h"
#include "harness/run/suite.h"

namespace driftcage::report {

// A scenario on two images.
struct ScenarioComparison {
  struct Side {
    model::Verdict verdict = model::Verdict::Error;
    std::string reason;
    bool traced = false;  // its healthy leg ran
  };
  std::string id;
  Side before;
  Side after;
  // Event lines of the healthy leg that the other image does not have.
  std::vector<std::string> only_before;
  std::vector<std::string> only_after;

  [[nodiscard]] bool verdict_changed() const {
    return before.verdict != after.verdict;
  }
  // It was good (or skipped), and is not any more.
  [[nodiscard]] bool got_worse() const;
};

struct Comparison {
  std::string before;  // references of the images
  std::string after;
  std::vector<ScenarioComparison> scenarios;
  [[nodiscard]] bool got_worse() const;
};

// Compares what one scenario showed on two images; reads the traces of the
// healthy legs from the run record.
[[nodiscard]] base::Result<ScenarioComparison> compare(
    const run::ScenarioResult& before, const run::ScenarioResult& after);

// For people: changed verdicts first, then what is touched on one image only,
// directories with many names folded into one line. `limit`: lines for each
// side of a scenario; 0: all.
[[nodiscard]] std::string comparison_text(const Comparison& comparison,
                                          std::size_t limit);
// The same as Markdown, for a comment in a review.
[[nodiscard]] std::string comparison_markdown(const Comparison& comparison,
                                              std::size_t limit);
// Everything.
[[nodiscard]] std::string comparison_json(const Comparison& comparison);

// Folds the lines of a directory into one that counts them, where there are
// more than `most`.
[[nodiscard]] std::vector<std::string> folded(
    const std::vector<std::string>& lines, std::size_t most);

}  // namespace driftcage::report
