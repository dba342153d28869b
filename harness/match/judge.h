// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/match/matcher.h"
#include "harness/match/steps.h"
#include "harness/model/environment.h"
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
  // What the payload was started with, secrets hidden; empty when it was not.
  model::Environment environment;
  std::vector<StepResult> steps;        // of a scenario with [[step]]
  std::uint64_t timeout_ms = 0;         // that it had; 0: of the scenario
  std::vector<std::string> unfinished;  // after a timeout: what still ran
  std::vector<LineMatch> lines;
  // Those of the event lines; reports shorten paths with them. May be empty.
  Variables variables;
};

// One reason for a verdict, with the place in the scenario that it is about.
struct Finding {
  std::string leg;
  std::string message;  // "not seen", "also seen in the control leg", ...
  model::SourceRange at;
  std::vector<Sighting> seen;     // what matched though it must not
  std::vector<Sighting> closest;  // what nearly matched
  // The verdict that this finding alone would give.
  model::Verdict verdict = model::Verdict::Fail;
};

struct Judgement {
  model::Verdict verdict = model::Verdict::Pass;
  std::string reason;             // one sentence, empty for pass
  std::string leg;                // the leg that decided
  std::vector<Finding> findings;  // those that decided first
};

// The rules of the flip. A line "holds" in a leg when its count there is in the
// line's range (at least one, when it gives none).
//
//   leg            see            never          keep     exit
//   control        must not hold  must hold      holds    [control], else 0
//   fault          must hold      must not hold  holds    [expect], else any
//   fix            must not hold  must hold      holds    [fix.expect], else 0
//   fix, wrong     must hold      must not hold  holds    [fix.expect], else as
//                                                         the fault leg
//
// Output patterns belong to their leg; a decoy has only its own.
//
// A step must exit with 0 in control and in right fixes, and as its own
// `expect` says under the fault and with a decoy.
//
// A condition of `where` counts like a line of `see`.
//
// Each contradiction is a finding with a verdict; the judgement is the first
// of these that has a finding, because each makes the later ones meaningless:
//
//   error        a leg could not be made, was cancelled, or is missing
//   leak, timeout  in any leg
//   unresolved   the leg's integrity flags are set and the line needs that
//                something did not happen, or its event was not seen; or a
//                pattern was not found in an output that was cut. What was
//                seen stays seen, so a flag alone changes no verdict.
//   fail         exit, output or `keep` of the control leg: nothing can be said
//                about a fault when the healthy run is not healthy
//   false-alarm  a see line holds in control, or a never line does not
//   no-repro     a see line does not hold under the fault, or a never line does
//   fail         exit, output or `keep` of the fault leg; `keep` of a fix leg
//                without other findings
//   not-fixed    a right fix: the signature is still there, or exit or output
//   decoy-works  a wrong fix: part of the signature is gone, or exit or output
//
// A payload that could not be started is no error but an exit, `{ spawn =
// "ENOENT" }`, which only this pattern accepts.
//
// Pure. `legs` holds the legs that ran; of a weak scenario only the fault leg
// is asked for.
[[nodiscard]] Judgement judge(const scenario::Scenario& scenario,
                              const std::vector<LegResult>& legs);

// What is wrong with a leg's exit; empty when it is as `pattern` says.
[[nodiscard]] std::string exit_mismatch(const scenario::ExitPattern& pattern,
                                        const wire::End& end);
// "exit 0 or 3", "a nonzero exit", "SIGKILL", "no start (ENOENT)".
[[nodiscard]] std::string exit_text(const scenario::ExitPattern& pattern);

// Whether an output pattern is in `text`; an error for a bad regex.
[[nodiscard]] base::Result<bool> output_matches(
    const scenario::OutputPattern& pattern, const std::string& text);

}  // namespace driftcage::match
