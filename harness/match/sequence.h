// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "harness/match/closest.h"
#include "harness/match/line_test.h"
#include "harness/match/matcher.h"

namespace driftcage::match {

// Follows one sequence through a stream. The process that makes the event of
// the first step is the root of a tree; the other steps are looked for in the
// root and in the processes that it starts afterwards. An event of `gap_never`
// in a tree sends it back to the start.
//
// Within a tree only the furthest progress matters: every event that a less
// advanced attempt could still use, the furthest one has passed already, and a
// gap ends all of them alike. So one number per root is the whole state.
class Sequence {
 public:
  static base::Result<Sequence> make(const model::EventLine& line,
                                     const Variables& variables);

  void process_started(const model::ProcessStart& start);
  void process_ended(std::uint32_t process) { roots_of_.erase(process); }
  void event(const model::Event& event, const ProcessTable& table);

  // How often it was run through, and how far the best attempt came.
  [[nodiscard]] LineMatch result() const;

 private:
  struct Attempt {
    std::size_t done = 0;  // steps
    std::vector<Sighting> seen;
  };

  [[nodiscard]] bool advance(const model::Event& event,
                             const ProcessTable& table,
                             std::vector<std::uint32_t>& roots);
  void break_off(const model::Event& event, const ProcessTable& table,
                 const std::vector<std::uint32_t>& roots);
  void keep_best(const Attempt& attempt);

  std::vector<LineTest> steps_;
  std::vector<LineTest> gaps_;
  model::CountRange range_;
  std::uint32_t verbs_ = 0;  // of all of them: most events concern none
  std::unordered_map<std::uint32_t, Attempt> attempts_;  // by root
  // The roots that a living process belongs to.
  std::unordered_map<std::uint32_t, std::vector<std::uint32_t>> roots_of_;
  std::uint64_t count_ = 0;
  std::vector<Sighting> first_;
  Attempt best_;
  std::vector<Sighting> broken_;  // the gap event that ended the best attempt
  Closest closest_;               // to the step after the best attempt
};

}  // namespace driftcage::match
