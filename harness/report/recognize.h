// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"
#include "harness/match/matcher.h"
#include "harness/report/explain.h"
#include "harness/scenario/scenario.h"
#include "harness/wire/record.h"

namespace driftcage::report {

// A scenario that a command's trace or message speaks of.
struct Recognition {
  const scenario::Scenario* scenario = nullptr;
  bool message = false;   // its message is in the command's own
  std::size_t lines = 0;  // of its see lines, all, when the trace has them all
  match::Sighting seen;   // the first of them, when lines > 0
  double score = 0;
};

// Compares one trace with the signatures of all scenarios at once.
//
// A scenario's lines speak of its own fault: a path that it gives to a variable
// of the environment is taken for the value that the variable has in
// `environment`; lines of a variable that is not set there say nothing. So do
// lines with a variable of the format that `variables` lacks.
class Recognizer {
 public:
  static base::Result<Recognizer> make(
      const std::vector<scenario::Scenario>& scenarios,
      const match::Variables& variables,
      const std::map<std::string, std::string>& environment);

  // What must be traced, as TraceSpec::verbs.
  [[nodiscard]] std::uint32_t verbs() const { return verbs_; }
  void add(const wire::Record& record) { matcher_.add(record); }

  // After the last record: best first, at most `most`. `failed`: how the
  // command ended; of one that ended well the message is no symptom.
  [[nodiscard]] std::vector<Recognition> result(std::string_view message,
                                                bool failed,
                                                std::size_t most = 3);

 private:
  // Where the lines of a scenario are in the matcher.
  struct Place {
    std::size_t first = 0;
    std::size_t see = 0;
    std::size_t never = 0;
    bool failure = false;  // a line of see is about a failing call
  };
  Recognizer(const std::vector<scenario::Scenario>& scenarios,
             std::vector<Place> places, match::LineMatcher matcher,
             std::uint32_t verbs);
  [[nodiscard]] static bool holds(const Place& place,
                                  const std::vector<match::LineMatch>& lines);

  const std::vector<scenario::Scenario>* scenarios_;
  std::vector<Place> places_;  // by scenario
  match::LineMatcher matcher_;
  std::uint32_t verbs_;
};

}  // namespace driftcage::report
