// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <vector>

#include "harness/learn/changes.h"
#include "harness/match/judge.h"
#include "harness/plan/planner.h"
#include "harness/scenario/scenario.h"

// Is it solved? By the scenario's own signature, in the state that the student
// made. Pure.
namespace driftcage::learn {

// The name of the student's leg.
inline constexpr const char* kStudentLeg = "fix:you";

struct Assessment {
  enum class Kind : std::uint8_t {
    Solved,
    NotYet,
    Unknown,  // the lesson, the machine or the harness is at fault: see reason
  };
  Kind kind = Kind::Unknown;
  bool gone = false;   // the signature
  bool works = false;  // the command
  bool kept = true;    // everything that every leg shows
  bool timeout = false;
  std::vector<std::string> touched;      // protected files that were changed
  std::string reason;                    // of Unknown; else what is wrong first
  std::vector<match::Finding> findings;  // about the student's leg
  std::string way;                       // the right fix that was taken, or ""
  std::vector<std::string> decoys;       // ids of those that were tried
};

// `legs`: control, fault and the student's own leg, in this order.
[[nodiscard]] Assessment assess(const scenario::Scenario& scenario,
                                const std::vector<match::LegResult>& legs,
                                const Changes& changes);

// Whether the student did what `fix` does: its variables have its values, its
// files were changed, its commands were run (`commands` as of a Watcher).
// False for what leaves no mark.
[[nodiscard]] bool did(const scenario::Scenario& scenario,
                       const scenario::Fix& fix, const plan::ScenarioPlan& plan,
                       const Changes& changes,
                       const EnvironmentMap& environment,
                       const std::set<std::string>& commands);

// The lines that a student types for `fix`, from [learn] or from its effects;
// empty for what nobody can type, as taking a mount away.
[[nodiscard]] std::vector<std::string> typed_lines(
    const scenario::Scenario& scenario, const scenario::Fix& fix,
    const plan::ScenarioPlan& plan);

// A fact from the traces of the control and the fault leg: what the healthy run
// does that the broken one does not. Empty when no line shows one.
[[nodiscard]] std::string computed_hint(const scenario::Scenario& scenario,
                                        const match::LegResult& control,
                                        const match::LegResult& fault);

}  // namespace driftcage::learn
