// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "harness/plan/planner.h"
#include "harness/scenario/scenario.h"

// The author's proof of a lesson.
namespace driftcage::learn {

struct Proof {
  std::vector<std::string> faults;  // what is wrong with the lesson
  std::vector<std::string> notes;   // fixes that nobody can type
  std::string unknown;  // it could not be tried here, and why; else empty
  unsigned typed = 0;   // sessions that were held
  [[nodiscard]] bool good() const { return faults.empty() && unknown.empty(); }
};

// Holds a session for each claim, everything typed at a terminal: without any
// line it is not solved; each right fix that can be typed solves it, of which
// there is at least one; each decoy that can be typed does not, and is
// recognised. The texts are checked as by text_faults(). `tell` gets a line for
// each claim as it is tried.
[[nodiscard]] Proof prove(const scenario::Scenario& lesson,
                          const plan::Ground& ground,
                          const std::function<void(const std::string&)>& tell);

// Three hints, a question, a debrief; no hint has a line that is typed for a
// right fix. Pure.
[[nodiscard]] std::vector<std::string> text_faults(
    const scenario::Scenario& lesson, const plan::ScenarioPlan& plan);

}  // namespace driftcage::learn
