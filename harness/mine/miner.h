// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "harness/mine/trace_lines.h"

// Which event lines tell a broken run from a healthy one. Pure.
namespace driftcage::mine {

// What is known besides the traces; makes some lines more telling than others.
struct Clues {
  std::vector<std::string> places;  // subjects that the fault changes
  std::vector<std::string> names;   // programs, base names that it is about
  std::string said;  // what only the broken runs wrote to standard error
};

struct Candidate {
  std::string line;  // an event line, ready for `see` or `never`
  TraceLine about;
  double score = 0;  // higher: more telling; comparable inside one list
  std::vector<std::string> why;  // "names what the fault changed", …
};

struct Mined {
  std::vector<Candidate> see;    // in every broken run, in no healthy one
  std::vector<Candidate> never;  // the reverse
  std::vector<Candidate> keep;   // in every run
  std::size_t unstable = 0;      // lines that differ but not in every run
};

using Runs = std::vector<std::vector<TraceLine>>;

// The flips, best first. A line's spelling is the shortest that flips: without
// the program, and for a `never` without the result, where that says enough.
[[nodiscard]] Mined mine(const Runs& healthy, const Runs& broken,
                         const Clues& clues);

// What every program does at its start, and no user ever changes.
[[nodiscard]] bool is_noise(const TraceLine& line);

// Whether the best of them says something of the failure by itself.
[[nodiscard]] bool tells(const std::vector<Candidate>& ranked);

// Those that a person would write down: at most `most`, none that only repeats
// another, none that is far less telling than the best. Empty for none.
[[nodiscard]] std::vector<Candidate> choose(
    const std::vector<Candidate>& ranked, std::size_t most);

}  // namespace driftcage::mine
