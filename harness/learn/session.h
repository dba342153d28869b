// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/learn/assess.h"
#include "harness/learn/progress.h"
#include "harness/learn/screens.h"
#include "harness/plan/planner.h"

namespace driftcage::learn {

// The step of the error when the image lacks what a lesson needs.
inline constexpr const char* kLacking = "hold lesson";

struct SessionSetting {
  Frame frame;
  const plan::Ground* ground = nullptr;
  Progress* progress = nullptr;  // null: nothing is kept
  // Told the door's socket before the shell starts.
  std::function<void(const std::string&)> opened;
  // Without a person: these lines are typed into the shell's terminal, then
  // `check`, then `exit`.
  std::optional<std::vector<std::string>> script;
};

struct SessionEnd {
  bool next = false;  // the student wants the next lesson
  int signal = 0;
  std::optional<base::Error> lost;  // why the progress could not be kept
  std::optional<Assessment> last;   // of the last check
  std::string computed_hint;        // empty when the legs did not run
  std::set<std::string> commands;   // that were executed, as of a Watcher
  std::string screen;               // of a script: what the terminal showed
};

// One lesson from its story to its end: a shell in the broken cage, observed
// from outside, on the caller's terminal; and the words that it understands.
// The control and the fault leg run behind it, so that every answer compares
// with what really happens on this machine. An error: the lesson cannot be held
// here, which says nothing about the student.
[[nodiscard]] base::Result<SessionEnd> hold_session(
    const SessionSetting& setting);

// Where a running session listens, for a second terminal: the path of its
// socket; an error when there is none.
[[nodiscard]] base::Result<std::string> open_session();

}  // namespace driftcage::learn
