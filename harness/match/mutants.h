// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "harness/match/judge.h"
#include "harness/scenario/scenario.h"

// Scenarios with one claim made false. A scenario is good when it turns red
// with each of them: then each of its claims is looked at, and true.
namespace driftcage::match {

struct Mutant {
  enum class Kind : std::uint8_t { Line, Fault, Fix };
  Kind kind = Kind::Line;
  std::string what;  // "fault no-cc dropped", for people
  scenario::Scenario scenario;
  // Other cages than those of the scenario: it has to be run. Otherwise the
  // scenario's own legs tell; see judge_mutant().
  bool needs_a_run = false;
  // Of a line: its place in LegResult::lines before and now.
  std::size_t from = 0;
  std::size_t to = 0;
};

// All of them:
//   - each line of see made one of never, of never one of see, and of keep one
//     of see; each condition of where turned round;
//   - each fault dropped: it changes nothing;
//   - each right fix dropped, and declared a decoy; each decoy declared right.
// A dropped decoy would do what it did before, nothing, so there is none.
[[nodiscard]] std::vector<Mutant> mutants(const scenario::Scenario& scenario);

// The judgement of a mutant that needs no run, by the legs that its scenario
// had.
[[nodiscard]] Judgement judge_mutant(const Mutant& mutant,
                                     std::vector<LegResult> legs);

// Whether the verdict says that something is wrong with the scenario. An error
// of the host is no answer.
[[nodiscard]] bool is_red(model::Verdict verdict);

}  // namespace driftcage::match
