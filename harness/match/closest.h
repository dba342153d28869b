// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "harness/match/matcher.h"

namespace driftcage::match {

// How an event misses a line, nearest first.
enum class Miss : std::uint8_t {
  Result,     // verb and subject fit
  By,         // verb, subject and result fit
  Directory,  // same verb and base name
  Verb,       // subject fits
  VerbToo,    // same base name, other verb and directory
  Name,       // same verb, similar base name
};

// The three nearest of the events offered; of equals the first.
class Closest {
 public:
  // False when such an event would not be kept: spares the rest of the work.
  [[nodiscard]] bool wants(Miss miss, unsigned distance = 0) const;
  void offer(Miss miss, unsigned distance, const model::Event& event,
             std::string_view program, std::int32_t pid);
  [[nodiscard]] std::vector<Sighting> take() const;

 private:
  static constexpr std::size_t kKept = 3;
  struct Candidate {
    Miss miss;
    unsigned distance;
    Sighting sighting;
  };
  std::vector<Candidate> candidates_;
};

// Edits between two names; `limit` + 1 when there are more than `limit`.
[[nodiscard]] unsigned edit_distance(std::string_view a, std::string_view b,
                                     unsigned limit);

}  // namespace driftcage::match
