// SPDX-License-Identifier: Apache-2.0
#include "harness/match/judge.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "harness/match/condition.h"

namespace driftcage::match {
namespace {

using model::Verdict;

enum class Part { See, Never, Keep };

// Which verdicts win over which. Fail stands twice: what the control leg does
// wrong outranks every statement about the fault.
enum Rank : int {
  kRankError,
  kRankLeak,
  kRankTimeout,
  kRankUnresolved,
  kRankControlFail,
  kRankFalseAlarm,
  kRankNoRepro,
  kRankFail,
  kRankFix,
};

int rank_of(const Finding& finding) {
  switch (finding.verdict) {
    case Verdict::Error:
      return kRankError;
    case Verdict::Leak:
      return kRankLeak;
    case Verdict::Timeout:
      return kRankTimeout;
    case Verdict::Unresolved:
      return kRankUnresolved;
    case Verdict::FalseAlarm:
      return kRankFalseAlarm;
    case Verdict::NoRepro:
      return kRankNoRepro;
    case Verdict::Fail:
      return finding.leg == "control" ? kRankControlFail : kRankFail;
    default:
      return kRankFix;
  }
}

// What one leg is judged by.
struct Rules {
  bool signature = false;         // see lines must hold, never lines must not
  Verdict flip = Verdict::Fail;   // of a signature line that is wrong
  Verdict other = Verdict::Fail;  // of exit and output
  scenario::LegExpect expect;
};

Rules rules_for(const scenario::Scenario& scenario, const LegResult& leg,
                const scenario::Fix* fix) {
  Rules rules;
  switch (leg.leg) {
    case scenario::Leg::Control:
      rules.flip = Verdict::FalseAlarm;
      rules.expect = scenario.control;
      if (!rules.expect.exit) rules.expect.exit.emplace();
      break;
    case scenario::Leg::Fault:
      rules.signature = true;
      rules.flip = Verdict::NoRepro;
      rules.expect = scenario.expect.leg;
      break;
    case scenario::Leg::Fix:
      rules.signature = fix != nullptr && fix->wrong;
      rules.flip = rules.signature ? Verdict::DecoyWorks : Verdict::NotFixed;
      rules.other = rules.flip;
      if (fix != nullptr) rules.expect = fix->expect;
      if (!rules.expect.exit && rules.signature) {
        rules.expect.exit = scenario.expect.leg.exit;
      } else if (!rules.expect.exit) {
        rules.expect.exit.emplace();
      }
      break;
  }
  // Even where the exit is free, the command must have been started.
  if (!rules.expect.exit) {
    rules.expect.exit.emplace();
    rules.expect.exit->kind = scenario::ExitPattern::Kind::Any;
  }
  return rules;
}

std::string time_text(std::uint64_t ms) {
  return ms % 1000 == 0 ? std::to_string(ms / 1000) + " s"
                        : std::to_string(ms) + " ms";
}

std::string still_ran(const std::vector<std::string>& programs) {
  constexpr std::size_t kMost = 8;
  std::string text;
  for (std::size_t i = 0; i < std::min(programs.size(), kMost); ++i)
    text += (i == 0 ? "; still ran: " : ", ") + programs[i];
  if (programs.size() > kMost)
    text += " and " + std::to_string(programs.size() - kMost) + " more";
  return text;
}

class LegJudge {
 public:
  LegJudge(const scenario::Scenario& scenario, const LegResult& leg,
           std::vector<Finding>& findings)
      : scenario_(scenario), leg_(leg), findings_(findings) {
    if (leg.leg == scenario::Leg::Fix) {
      const std::string id = leg.name.substr(leg.name.find(':') + 1);
      for (const scenario::Fix& fix : scenario.fixes) {
        if (fix.id == id) fix_ = &fix;
      }
    }
    rules_ = rules_for(scenario, leg, fix_);
  }

  void run() {
    if (!ended()) return;
    const std::size_t before = findings_.size();
    steps();
    exit();
    outputs();
    std::size_t at = 0;
    for (const auto& line : scenario_.expect.see) {
      check(line, at++, Part::See);
    }
    for (const auto& line : scenario_.expect.never) {
      check(line, at++, Part::Never);
    }
    conditions();
    const bool contradicted = findings_.size() > before;
    for (const auto& line : scenario_.expect.keep) {
      // A fix that does not work often stops before the kept events; then its
      // own verdict is the one that helps.
      if (leg_.leg == scenario::Leg::Fix && contradicted) break;
      check(line, at++, Part::Keep);
    }
  }

 private:
  Finding& add(Verdict verdict, std::string message,
               const model::SourceRange& at) {
    Finding& finding = findings_.emplace_back();
    finding.leg = leg_.name;
    finding.message = std::move(message);
    finding.at = at;
    finding.verdict = verdict;
    return finding;
  }

  [[nodiscard]] model::SourceRange place() const {
    if (fix_ != nullptr) return fix_->at;
    return {scenario_.file, 0, 0, 1};
  }

  // False when the leg says nothing about the scenario.
  bool ended() {
    const wire::End& end = leg_.end;
    switch (end.outcome) {
      case wire::Outcome::Finished:
      case wire::Outcome::SpawnFailed:
        return true;
      case wire::Outcome::Timeout:
        add(Verdict::Timeout,
            "did not end within " +
                time_text(leg_.timeout_ms != 0 ? leg_.timeout_ms
                                               : scenario_.timeout_ms) +
                (end.error.step.empty() ? still_ran(leg_.unfinished)
                                        : ": its cage was not ready"),
            place());
        return false;
      case wire::Outcome::Leak:
        add(Verdict::Leak,
            std::to_string(end.left_behind) + " processes outlived the cage",
            place());
        return false;
      case wire::Outcome::Cancelled:
        add(Verdict::Error, "was cancelled", place());
        return false;
      case wire::Outcome::CageError:
      case wire::Outcome::TraceError:
        break;
    }
    std::string message = end.error.message();
    if (!end.error.hint.empty()) message += "; " + end.error.hint;
    add(Verdict::Error, std::move(message), place());
    return false;
  }

  void exit() {
    const scenario::ExitPattern& pattern = *rules_.expect.exit;
    std::string mismatch = exit_mismatch(pattern, leg_.end);
    if (mismatch.empty()) return;
    add(rules_.other, std::move(mismatch),
        pattern.at.line > 0 ? pattern.at : place());
  }

  void steps() {
    std::size_t at = 0;
    for (const scenario::Step& step : scenario_.steps) {
      if (!step.runs_in(leg_.leg)) continue;
      const std::string name = "step \"" + step.name + "\"";
      if (at >= leg_.steps.size()) {
        add(rules_.other, name + " did not come to its end", step.at);
        return;
      }
      const StepResult& result = leg_.steps[at++];
      const scenario::LegExpect expect =
          rules_.signature ? step.expect : scenario::LegExpect{};
      wire::End end;
      end.status = base::WaitStatus::exited(result.exit);
      const std::string mismatch =
          exit_mismatch(expect.exit.value_or(scenario::ExitPattern{}), end);
      if (!mismatch.empty()) {
        add(rules_.other, name + ": " + mismatch, step.at);
      }
      outputs(expect, result.stdout_text, result.stderr_text, name + ": ");
    }
  }

  void outputs() {
    outputs(rules_.expect, leg_.stdout_text, leg_.stderr_text, "");
  }

  void outputs(const scenario::LegExpect& expect, const std::string& out_text,
               const std::string& err_text, const std::string& where) {
    for (const scenario::OutputPattern& pattern : expect.output) {
      const bool out =
          pattern.stream == scenario::OutputPattern::Stream::Stdout;
      const std::string name = where + (out ? "stdout" : "stderr");
      const auto found = output_matches(pattern, out ? out_text : err_text);
      if (!found) {
        add(Verdict::Error, found.error().message(), pattern.at);
      } else if (!*found && leg_.output_cut) {
        add(Verdict::Unresolved, "not found in " + name + ", which was cut",
            pattern.at);
      } else if (!*found) {
        add(rules_.other, "not found in " + name, pattern.at);
      }
    }
  }

  void conditions() {
    if (scenario_.expect.where.empty()) return;
    const auto values = captured(scenario_.expect, leg_);
    for (const scenario::Condition& condition : scenario_.expect.where) {
      std::string shown;
      const bool holds =
          condition_holds(condition, values, leg_.variables, &shown);
      if (holds == rules_.signature) continue;
      add(rules_.flip,
          std::string(holds ? "holds" : "does not hold") + " in the " +
              leg_.name + " leg: " + shown,
          condition.at);
    }
  }

  void check(const model::EventLine& line, std::size_t at, Part part) {
    static const LineMatch kNothing;
    const LineMatch& match = at < leg_.lines.size() ? leg_.lines[at] : kNothing;
    const bool holds = line.count.contains(match.count);
    const bool wanted =
        part == Part::Keep || (part == Part::See) == rules_.signature;
    if (hidden(line, match)) {
      add(Verdict::Unresolved,
          "the trace is incomplete (" +
              model::integrity_text(leg_.end.integrity) +
              ") and could hide events of this line",
          line.at);
      return;
    }
    if (holds == wanted) return;
    const Verdict verdict = part == Part::Keep ? Verdict::Fail : rules_.flip;
    Finding& finding =
        add(verdict, message(line, match, part, wanted), line.at);
    finding.seen = match.first;
    finding.closest = match.closest;
  }

  // Whether more events than were seen could change the answer.
  [[nodiscard]] bool hidden(const model::EventLine& line,
                            const LineMatch& match) const {
    if (leg_.end.integrity == model::kComplete) return false;
    // Once over its limit a line stays so; once in a range without a limit it
    // stays in it.
    if (match.count > line.count.max) return false;
    constexpr auto kNoLimit = std::numeric_limits<std::uint64_t>::max();
    return line.count.max != kNoLimit || match.count < line.count.min;
  }

  [[nodiscard]] std::string message(const model::EventLine& line,
                                    const LineMatch& match, Part part,
                                    bool wanted) const {
    const std::string leg = " in the " + leg_.name + " leg";
    std::string text;
    if (match.count == 0 && line.is_sequence()) {
      const std::string& next = line.steps[match.reached].text;
      text = match.reached == 0
                 ? "no step of the sequence was seen" + leg + ": `" + next + '`'
                 : "step " + std::to_string(match.reached + 1) + " of " +
                       std::to_string(line.steps.size()) + " did not follow" +
                       leg + ": `" + next + '`';
    } else if (match.count == 0) {
      text = "not seen" + leg;
    } else if (line.count == model::CountRange{}) {
      text = "seen" + leg;
    } else {
      text = "seen " + std::to_string(match.count) + " times" + leg;
    }
    // A line that must not hold needs the reason why.
    if (!wanted && part == Part::See) {
      if (leg_.leg == scenario::Leg::Control) {
        text += " too: it does not come from the fault";
      } else {
        text += ": the fix leaves the signature";
      }
    } else if (wanted && part == Part::Never) {
      text += leg_.leg == scenario::Leg::Control
                  ? ": its absence does not come from the fault"
                  : ": the fix does not bring it back";
    } else if (leg_.leg == scenario::Leg::Fix && rules_.signature &&
               part != Part::Keep) {
      text += ": the decoy changes the signature";
    }
    return text;
  }

  const scenario::Scenario& scenario_;
  const LegResult& leg_;
  std::vector<Finding>& findings_;
  const scenario::Fix* fix_ = nullptr;
  Rules rules_;
};

std::string sentence(const Finding& finding) {
  switch (finding.verdict) {
    case Verdict::Error:
    case Verdict::Leak:
    case Verdict::Timeout:
      return "leg " + finding.leg + ": " + finding.message;
    case Verdict::FalseAlarm:
      return "the signature is in the control leg too";
    case Verdict::NoRepro:
      return "the fault does not show its signature";
    case Verdict::NotFixed:
      return "leg " + finding.leg + " does not repair the fault";
    case Verdict::DecoyWorks:
      return "leg " + finding.leg + " is marked wrong and changes the outcome";
    case Verdict::Unresolved:
      return "the trace or output of leg " + finding.leg +
             " is incomplete and could hide the answer";
    default:
      return "leg " + finding.leg + ": " + finding.message;
  }
}

void require(const std::vector<LegResult>& legs, const std::string& name,
             const model::SourceRange& at, std::vector<Finding>& findings) {
  for (const LegResult& leg : legs) {
    if (leg.name == name) return;
  }
  Finding& finding = findings.emplace_back();
  finding.leg = name;
  finding.message = "did not run";
  finding.at = at;
  finding.verdict = Verdict::Error;
}

}  // namespace

Judgement judge(const scenario::Scenario& scenario,
                const std::vector<LegResult>& legs) {
  Judgement judgement;
  std::vector<Finding>& findings = judgement.findings;
  const model::SourceRange file{scenario.file, 0, 0, 1};
  require(legs, "fault", file, findings);
  if (!scenario.weak()) {
    require(legs, "control", file, findings);
    for (const scenario::Fix& fix : scenario.fixes) {
      require(legs, "fix:" + fix.id, fix.at, findings);
    }
  }
  for (const LegResult& leg : legs) LegJudge(scenario, leg, findings).run();
  if (findings.empty()) return judgement;
  std::stable_sort(findings.begin(), findings.end(),
                   [](const Finding& a, const Finding& b) {
                     return rank_of(a) < rank_of(b);
                   });
  const Finding& decisive = findings.front();
  judgement.verdict = decisive.verdict;
  judgement.leg = decisive.leg;
  judgement.reason = sentence(decisive);
  return judgement;
}

}  // namespace driftcage::match
