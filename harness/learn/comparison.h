// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "harness/match/judge.h"
#include "harness/model/event_line.h"
#include "harness/plan/planner.h"
#include "harness/run/launcher.h"

namespace driftcage::learn {

// The control and the fault leg of a lesson, run behind the student's shell, so
// that every answer compares with what really happens on this machine.
class Comparison {
 public:
  // What is given must outlive this. `new_folder` names a folder for each leg
  // that is started.
  Comparison(const plan::ScenarioPlan& plan,
             const std::vector<model::EventLine>& lines,
             run::Launcher& launcher, std::function<std::string()> new_folder)
      : plan_(plan),
        lines_(lines),
        launcher_(launcher),
        new_folder_(std::move(new_folder)) {}

  // Called each time when the healthy leg has run.
  std::function<void()> on_healthy;

  // Starts what has not run yet, one leg after the other.
  void resume();
  // For when the launcher ends all: a leg that this cuts off runs again after
  // the next resume().
  void pause() { paused_ = true; }

  // Calls `then` as soon as both legs have run, at once if they have.
  void when_complete(std::function<void()> then);
  // Forgets who waits for that.
  void dismiss_waiting() { waiting_.clear(); }

  [[nodiscard]] bool complete() const { return control_ && fault_; }
  [[nodiscard]] const std::optional<match::LegResult>& control() const {
    return control_;
  }
  [[nodiscard]] const std::optional<match::LegResult>& fault() const {
    return fault_;
  }
  // The lines of the healthy run's trace, and the programs that it executed.
  [[nodiscard]] const std::set<std::string>& healthy() const {
    return healthy_;
  }
  [[nodiscard]] const std::set<std::string>& healthy_programs() const {
    return healthy_programs_;
  }

 private:
  void start(std::size_t at);
  void take(std::size_t at, match::LegResult result);
  void listen_to_healthy(run::CellObserver& observer);

  const plan::ScenarioPlan& plan_;
  const std::vector<model::EventLine>& lines_;
  run::Launcher& launcher_;
  std::function<std::string()> new_folder_;
  std::optional<match::LegResult> control_;
  std::optional<match::LegResult> fault_;
  std::set<std::string> healthy_;
  std::set<std::string> healthy_programs_;
  std::vector<std::function<void()>> waiting_;
  bool paused_ = false;
};

}  // namespace driftcage::learn
