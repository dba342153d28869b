// SPDX-License-Identifier: Apache-2.0
#include "harness/learn/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "harness/learn/assess.h"
#include "harness/learn/session.h"

namespace driftcage::learn {
namespace {

constexpr std::size_t kHints = 3;

std::string end_of(const std::string& screen) {
  constexpr std::size_t kMost = 1200;
  return screen.size() > kMost ? screen.substr(screen.size() - kMost) : screen;
}

class Prover {
 public:
  Prover(const scenario::Scenario& lesson, const plan::Ground& ground,
         const std::function<void(const std::string&)>& tell)
      : lesson_(lesson), ground_(ground), tell_(tell) {}

  Proof run() {
    auto plan = plan::make_plan(lesson_, ground_);
    if (!plan) {
      proof_.faults.push_back(plan.error().message());
      return std::move(proof_);
    }
    if (!plan->skip.empty()) {
      proof_.unknown = plan->skip;
      return std::move(proof_);
    }
    proof_.faults = text_faults(lesson_, *plan);
    unsolved();
    unsigned solutions = 0;
    for (const scenario::Fix& fix : lesson_.fixes) {
      if (!proof_.unknown.empty()) break;
      const auto lines = typed_lines(lesson_, fix, *plan);
      if (lines.empty()) {
        proof_.notes.push_back("fix " + fix.id + " cannot be typed");
        continue;
      }
      if (fix.wrong) {
        decoy(fix, lines);
      } else {
        ++solutions;
        solution(fix, lines);
      }
    }
    if (solutions == 0 && proof_.unknown.empty()) {
      proof_.faults.emplace_back(
          "no right fix can be typed: a student cannot solve it");
    }
    return std::move(proof_);
  }

 private:
  // The last check of a session with these lines typed; null when nobody can
  // tell, which ends the proof.
  const Assessment* hold(const std::vector<std::string>& lines,
                         const std::string& what) {
    tell_(what);
    SessionSetting setting;
    setting.frame.lesson = &lesson_;
    setting.ground = &ground_;
    setting.script = lines;
    ++proof_.typed;
    auto end = hold_session(setting);
    if (!end) {
      proof_.unknown = what + ": " + end.error().message();
      if (!end.error().hint.empty()) proof_.unknown += "; " + end.error().hint;
      return nullptr;
    }
    end_ = *std::move(end);
    if (!end_.last) {
      proof_.unknown =
          what + ": the shell ended without a check:\n" + end_of(end_.screen);
      return nullptr;
    }
    if (end_.last->kind == Assessment::Kind::Unknown) {
      proof_.unknown = what + ": " + end_.last->reason;
      return nullptr;
    }
    return &*end_.last;
  }

  void unsolved() {
    const Assessment* last = hold({}, "nothing typed");
    if (last == nullptr) return;
    if (last->kind == Assessment::Kind::Solved) {
      proof_.faults.emplace_back("it is solved before anything is typed");
    }
    if (end_.computed_hint.empty()) {
      proof_.faults.emplace_back("no hint can be computed from its traces");
    }
  }

  void solution(const scenario::Fix& fix,
                const std::vector<std::string>& lines) {
    const Assessment* last = hold(lines, "fix " + fix.id);
    if (last == nullptr || last->kind == Assessment::Kind::Solved) return;
    proof_.faults.push_back(
        fmt::format("fix {} is typed and does not solve it: {}\n{}", fix.id,
                    last->reason, end_of(end_.screen)));
  }

  void decoy(const scenario::Fix& fix, const std::vector<std::string>& lines) {
    const Assessment* last = hold(lines, "decoy " + fix.id);
    if (last == nullptr) return;
    if (last->kind == Assessment::Kind::Solved) {
      proof_.faults.push_back("decoy " + fix.id + " solves it");
    }
    const auto& seen = last->decoys;
    if (std::find(seen.begin(), seen.end(), fix.id) != seen.end()) return;
    // A busybox shell is chmod and ln itself: nothing is executed.
    if (!fix.run.empty() && end_.commands.empty()) {
      proof_.notes.push_back("decoy " + fix.id +
                             " leaves no mark: the shell runs it itself");
    } else {
      proof_.faults.push_back(fmt::format("decoy {} is not recognised\n{}",
                                          fix.id, end_of(end_.screen)));
    }
  }

  const scenario::Scenario& lesson_;
  const plan::Ground& ground_;
  const std::function<void(const std::string&)>& tell_;
  Proof proof_;
  SessionEnd end_;
};

}  // namespace

std::vector<std::string> text_faults(const scenario::Scenario& lesson,
                                     const plan::ScenarioPlan& plan) {
  std::vector<std::string> faults;
  const scenario::Learn& learn = *lesson.learn;
  if (learn.hints.size() != kHints) {
    faults.push_back(fmt::format("it has {} hints and should have {}",
                                 learn.hints.size(), kHints));
  }
  if (learn.ask.empty()) faults.emplace_back("it asks nothing");
  if (learn.debrief.empty()) faults.emplace_back("it has no debrief");
  for (const scenario::Fix& fix : lesson.fixes) {
    if (fix.wrong) continue;
    for (const std::string& line : typed_lines(lesson, fix, plan)) {
      const bool tells = std::any_of(
          learn.hints.begin(), learn.hints.end(), [&](const std::string& hint) {
            return hint.find(line) != std::string::npos;
          });
      if (tells) {
        faults.push_back("a hint gives the solution away: " + line);
      }
    }
  }
  return faults;
}

Proof prove(const scenario::Scenario& lesson, const plan::Ground& ground,
            const std::function<void(const std::string&)>& tell) {
  return Prover(lesson, ground, tell).run();
}

}  // namespace driftcage::learn
