// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/match/matcher.h"
#include "harness/model/verdict.h"
#include "harness/scenario/scenario.h"
#include "harness/wire/record.h"

namespace driftcage::match {

// What was observed of one leg. `lines` holds see, never and keep in this
// order, as in the scenario.
struct LegResult {
  scenario::Leg leg = scenario::Leg::Control;
  std::string name;  // "control", "fault", "fix:<id>"
  wire::End end;
  wire::CageUp cage;
  std::string stdout_text;  // possibly cut in the middle, with a mark
  std::string stderr_text;
  bool output_cut = false;
  std::vector<LineMatch> lines;
};

// One reason for a verdict, with the place in the scenario that it is about.
struct Finding {
  std::string leg;
  std::string message;  // "not seen", "also seen in the control leg", ...
  model::SourceRange at;
  std::vector<Sighting> seen;     // what matched though it must not
  std::vector<Sighting> closest;  // what nearly matched
};

struct Judgement {
  model::Verdict verdict = model::Verdict::Pass;
  std::string reason;  // one sentence, empty for pass
  std::string leg;     // the leg that decided
  std::vector<Finding> findings;
};

// The rules of the flip: `see` present in fault, absent in control and in each
// right fix, present in each wrong one; `never` the reverse; `keep` in all.
// Pure. Legs that did not run are missing from `legs`.
[[nodiscard]] Judgement judge(const scenario::Scenario& scenario,
                              const std::vector<LegResult>& legs);

}  // namespace driftcage::match
