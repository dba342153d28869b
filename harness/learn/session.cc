// SPDX-License-Identifier: Apache-2.0
//
// The order of things: a shell starts in the broken cage; its start-up file
// says `hello`, which is when the cage is looked at for the first time. Behind
// it run the control and the fault leg, one after the other. `check` looks at
// the cage again, and runs the command in a fresh broken cage with what has
// changed: not in the student's own, where a warm cache would hide what a
// signature is about.
#include "harness/learn/session.h"

#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "harness/base/sys.h"
#include "harness/learn/comparison.h"
#include "harness/learn/course.h"
#include "harness/learn/door.h"
#include "harness/learn/shell.h"
#include "harness/learn/sign.h"
#include "harness/learn/typist.h"
#include "harness/learn/watcher.h"
#include "harness/run/launcher.h"
#include "harness/run/leg_run.h"
#include "harness/run/pty.h"

namespace driftcage::learn {
namespace {

// A script whose shell hangs must not hang the caller.
constexpr std::chrono::milliseconds kScriptPatience{60'000};
constexpr std::size_t kWatchers = 8;  // each holds a descriptor

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  struct ::tm utc {};
  ::gmtime_r(&now, &utc);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text.data();
}

struct Checking {
  std::shared_ptr<Visitor> visitor;
  Changes changes;
  EnvironmentMap environment;
};

class Session {
 public:
  Session(const SessionSetting& setting, plan::ScenarioPlan plan, Door door,
          std::string cell)
      : setting_(setting),
        frame_(setting.frame),
        lesson_(*setting.frame.lesson),
        plan_(std::move(plan)),
        door_(std::move(door)),
        cell_(std::move(cell)),
        launcher_(cell_),
        places_(places_of(lesson_, plan_.variables)),
        lines_(run::all_lines(lesson_.expect)),
        legs_(plan_, lines_, launcher_, [this] { return new_folder(); }) {
    legs_.on_healthy = [this] { show_healthy(); };
    attempt_.started = utc_now();
    attempt_.exam = frame_.exam;
    attempt_.gave_up = frame_.tour;  // the solution is shown
    attempt_.image = setting.ground->image.reference;
    begin_ns_ = base::sys::monotonic_ns();
    if (!setting.script) return;
    script_ = *setting.script;
    script_.insert(script_.end(), {"check", "exit"});
  }

  base::Result<SessionEnd> run();

 private:
  enum class Want { Shell, Reset, End };

  base::Result<bool> run_shell();
  void visited();
  void answer(const std::shared_ptr<Visitor>& visitor);
  void hello(const std::shared_ptr<Visitor>& visitor);
  void ask(const std::shared_ptr<Visitor>& visitor);
  void hint(const std::shared_ptr<Visitor>& visitor);
  void trace(const std::shared_ptr<Visitor>& visitor);
  void explain(const std::shared_ptr<Visitor>& visitor);
  void solution(const std::shared_ptr<Visitor>& visitor);
  void reset(const std::shared_ptr<Visitor>& visitor);
  void begin_check(const std::shared_ptr<Visitor>& visitor);
  void run_check();
  void end_check(match::LegResult leg);
  void keep_progress();
  void show_healthy() {
    watcher_->set_healthy(legs_.healthy(), legs_.healthy_programs());
  }
  [[nodiscard]] std::string new_folder() {
    return door_.private_folder() + "/leg-" + std::to_string(legs_run_++);
  }
  void live(const std::string& line);
  void say(const std::shared_ptr<Visitor>& visitor, const std::string& text,
           int status = 0) {
    visitor->say(text);
    visitor->dismiss(status);
  }

  const SessionSetting& setting_;
  const Frame& frame_;
  const scenario::Scenario& lesson_;
  plan::ScenarioPlan plan_;
  Door door_;
  std::string cell_;
  run::Launcher launcher_;
  Places places_;
  std::vector<model::EventLine> lines_;
  Comparison legs_;
  std::unique_ptr<Watcher> watcher_;
  Snapshot before_;
  EnvironmentMap environment_;
  bool looked_ = false;  // before_ is valid
  std::optional<base::Error> blind_;
  std::optional<match::LegResult> student_;
  std::optional<Checking> checking_;
  std::shared_ptr<Visitor> resetting_;
  std::vector<std::shared_ptr<Visitor>> watchers_;
  std::deque<std::string> recent_;  // for a watcher that comes late
  Want want_ = Want::Shell;
  unsigned legs_run_ = 0;
  bool greeted_ = false;
  std::size_t hints_ = 0;
  Attempt attempt_;
  std::uint64_t begin_ns_ = 0;
  SessionEnd end_;
  std::vector<std::string> script_;  // what is still to be typed
};

base::Result<SessionEnd> Session::run() {
  do {
    want_ = Want::Shell;
    end_.next = false;
    const bool again = DRIFTCAGE_TRY(run_shell());
    if (!again) break;
  } while (true);
  keep_progress();
  if (legs_.complete())
    end_.computed_hint =
        computed_hint(lesson_, *legs_.control(), *legs_.fault());
  return std::move(end_);
}

// One shell, until it ends; true when another one is wanted.
base::Result<bool> Session::run_shell() {
  const std::string prompt =
      setting_.script ? Typist::kPrompt
                      : fmt::format("[lesson {}] $PWD $ ", frame_.number);
  DRIFTCAGE_CHECK_OK(
      base::sys::write_file(door_.folder() + "/rc", start_up_file(prompt)));
  const run::Pty pty = DRIFTCAGE_TRY(run::open_pty());
  std::optional<run::RawTerminal> raw;
  std::optional<Typist> typist;
  run::LoopHooks hooks;
  hooks.pty = pty.ours.get();
  if (setting_.script) {
    typist.emplace(script_);
    DRIFTCAGE_CHECK_OK(typist->start());
    hooks.terminal = typist->terminal();
    hooks.deadline =
        kScriptPatience + std::chrono::milliseconds(4 * lesson_.timeout_ms);
    hooks.on_deadline = [this] { launcher_.cancel_all(); };
  } else {
    raw.emplace(DRIFTCAGE_TRY(run::RawTerminal::open()));
    ::tcsetattr(pty.theirs.get(), TCSANOW, &raw->before());
    hooks.terminal = raw->fd();
  }
  hooks.door = door_.fd();
  hooks.on_door = [this] { visited(); };
  watcher_ = std::make_unique<Watcher>(lines_, plan_.variables, kVoice);
  watcher_->live = [this](const std::string& line) { live(line); };
  if (legs_.control()) show_healthy();
  looked_ = false;
  const char* term = std::getenv("TERM");
  const std::string terminal =
      setting_.script || term == nullptr ? "dumb" : term;
  std::optional<base::Result<wire::End>> ended;
  run::CellObserver observer;
  observer.record = [this](const wire::Record& record) {
    watcher_->add(record);
  };
  observer.done = [&](base::Result<wire::End> result) {
    ended.emplace(std::move(result));
    if (want_ != Want::Shell) return;  // `reset` has ended all already
    want_ = Want::End;
    legs_.pause();
    launcher_.cancel_all();
  };
  launcher_.start(shell_cage(plan_, setting_.ground->image, door_.folder(),
                             cell_, terminal),
                  run::Stdio::Terminal, std::move(observer), pty.theirs.get());
  legs_.resume();
  end_.signal = launcher_.run(hooks);
  end_.commands = watcher_->commands();
  if (typist) {
    end_.screen += typist->finish();
    // After a `reset` the rest is typed into the next shell.
    script_.erase(
        script_.begin(),
        script_.begin() + static_cast<std::ptrdiff_t>(typist->typed()));
  }
  if (checking_) {
    checking_->visitor->dismiss(1);
    checking_.reset();
  }
  legs_.dismiss_waiting();
  resetting_.reset();
  const base::Result<wire::End>& end = *ended;
  if (!end) return tl::make_unexpected(end.error());
  const bool failed = end->outcome == wire::Outcome::CageError ||
                      end->outcome == wire::Outcome::SpawnFailed ||
                      end->outcome == wire::Outcome::TraceError;
  if (failed) return tl::make_unexpected(end->error);
  return want_ == Want::Reset && end_.signal == 0;
}

void Session::visited() {
  const std::shared_ptr<Visitor> visitor = door_.accept();
  if (visitor) answer(visitor);
}

void Session::answer(const std::shared_ptr<Visitor>& visitor) {
  const std::string& word = visitor->call().words.front();
  if (word == "hello") return hello(visitor);
  if (word == "trace") return trace(visitor);
  if (word == "ask") return ask(visitor);
  if (word == "hint") return hint(visitor);
  if (word == "check") return begin_check(visitor);
  if (word == "reset") return reset(visitor);
  if (word == "explain") return explain(visitor);
  if (word == "solution") return solution(visitor);
  if (word == "story") {
    return say(visitor, story_screen(frame_) + commands_screen(frame_));
  }
  if (word == "next") {
    end_.next = true;
    return say(visitor, attempt_.solved ? "" : "It stays open.\n");
  }
  if (word == "watch") {
    if (watchers_.size() >= kWatchers)
      return say(visitor, "Too many are watching already.\n", 1);
    for (const std::string& line : recent_) visitor->say(line + "\n");
    watchers_.push_back(visitor);
    return;
  }
  say(visitor, "There is no word `" + word + "` here; `story` lists them.\n",
      2);
}

void Session::hello(const std::shared_ptr<Visitor>& visitor) {
  auto seen = take_snapshot(visitor->pid(), places_);
  if (seen) {
    before_ = *std::move(seen);
    environment_ = environment_map(visitor->call().environment);
    looked_ = true;
  } else {
    blind_ = seen.error();
  }
  const std::string text =
      greeted_ ? "A fresh cage, as broken as before.\n"
               : "\n" + story_screen(frame_) + commands_screen(frame_) +
                     (frame_.tour ? tour_screen(frame_, plan_) : "") + "\n";
  greeted_ = true;
  say(visitor, text);
}

void Session::ask(const std::shared_ptr<Visitor>& visitor) {
  std::string text;
  const auto& words = visitor->call().words;
  for (std::size_t i = 1; i < words.size(); ++i) {
    text += (text.empty() ? "" : " ") + words[i];
  }
  if (!text.empty()) attempt_.answer = text;
  keep_progress();
  say(visitor, ask_screen(frame_, text));
}

void Session::hint(const std::shared_ptr<Visitor>& visitor) {
  const std::size_t written = lesson_.learn->hints.size();
  if (frame_.exam || hints_ < written) {
    say(visitor, hint_screen(frame_, hints_, "the traces"));
    if (!frame_.exam) attempt_.hints = static_cast<unsigned>(++hints_);
    keep_progress();
    return;
  }
  if (!legs_.complete()) visitor->say("(waiting for the healthy run) …\n");
  legs_.when_complete([this, visitor] {
    const std::string fact =
        computed_hint(lesson_, *legs_.control(), *legs_.fault());
    say(visitor, hint_screen(frame_, hints_, fact));
    const std::size_t all =
        lesson_.learn->hints.size() + (fact.empty() ? 0 : 1);
    if (hints_ < all) attempt_.hints = static_cast<unsigned>(++hints_);
    keep_progress();
  });
}

void Session::trace(const std::shared_ptr<Visitor>& visitor) {
  const auto& words = visitor->call().words;
  const bool all = words.size() > 1 && words[1] == "-a";
  if (!legs_.control()) visitor->say("(waiting for the healthy run) …\n");
  legs_.when_complete([this, visitor, all] {
    say(visitor,
        trace_screen(frame_, watcher_->latest(), *legs_.control(), all));
  });
}

void Session::explain(const std::shared_ptr<Visitor>& visitor) {
  if (!attempt_.solved && !attempt_.gave_up) {
    return say(visitor,
               frame_.exam
                   ? "First solve it: `check`.\n"
                   : "First solve it; or see the way out with `solution`.\n",
               1);
  }
  legs_.when_complete([this, visitor] {
    attempt_.explained = true;
    keep_progress();
    say(visitor, explain_screen(frame_, &*legs_.control(), &*legs_.fault(),
                                student_ ? &*student_ : nullptr, attempt_));
  });
}

void Session::solution(const std::shared_ptr<Visitor>& visitor) {
  if (frame_.exam) return say(visitor, "Not in an exam.\n", 1);
  const std::size_t written = lesson_.learn->hints.size();
  if (!attempt_.solved && hints_ < written) {
    return say(
        visitor,
        fmt::format("There are {} hints left: `hint`.\n", written - hints_), 1);
  }
  if (!attempt_.solved) attempt_.gave_up = true;
  keep_progress();
  say(visitor, solution_screen(frame_, plan_));
}

void Session::reset(const std::shared_ptr<Visitor>& visitor) {
  ++attempt_.resets;
  want_ = Want::Reset;
  // Unanswered, so that no prompt comes before the shell's end.
  resetting_ = visitor;
  legs_.pause();
  launcher_.cancel_all();
}

void Session::begin_check(const std::shared_ptr<Visitor>& visitor) {
  const auto cannot = [&](const base::Error& error) {
    Assessment unknown;
    unknown.reason =
        error.message() + (error.hint.empty() ? "" : "; ") + error.hint;
    end_.last = unknown;
    say(visitor, check_screen(frame_, unknown, {}), 3);
  };
  if (checking_) return say(visitor, "A check is running already.\n", 1);
  if (!looked_) {
    return cannot(blind_.value_or(
        base::Error{"look at the cage", "its first state", 0, "type `reset`"}));
  }
  const auto seen = take_snapshot(visitor->pid(), places_);
  if (!seen) return cannot(seen.error());
  Checking checking;
  checking.visitor = visitor;
  checking.environment = environment_map(visitor->call().environment);
  compare_environments(environment_, checking.environment, &checking.changes);
  const auto compared_files =
      compare_files(visitor->pid(), before_, *seen, &checking.changes);
  if (!compared_files) return cannot(compared_files.error());
  visitor->say("Running `" + command_text(lesson_) +
               "` again, as things are now …\n");
  checking_ = std::move(checking);
  legs_.when_complete([this] { run_check(); });
}

void Session::run_check() {
  if (!checking_) return;
  plan::LegPlan leg;
  for (const plan::LegPlan& one : plan_.legs) {
    if (one.leg == scenario::Leg::Fault) leg = one;
  }
  leg.leg = scenario::Leg::Fix;
  leg.name = kStudentLeg;
  const Changes& changes = checking_->changes;
  leg.spec.ops.insert(leg.spec.ops.end(), changes.ops.begin(),
                      changes.ops.end());
  leg.spec.ops.emplace_back(
      model::op::SetVariables{changes.set, changes.unset});
  leg.spec.umask = checking_->visitor->call().umask;
  leg.spec.trace.pin_cpu = true;
  auto run = run::LegRun::create(leg, lines_, plan_.variables, new_folder());
  if (!run) {
    match::LegResult failed;
    failed.end.outcome = wire::Outcome::CageError;
    failed.end.error = std::move(run).error();
    failed.leg = leg.leg;
    failed.name = leg.name;
    end_check(std::move(failed));
    return;
  }
  launcher_.start(leg.spec, run::Stdio::Capture,
                  (*run)->observer([this](match::LegResult result) {
                    end_check(std::move(result));
                  }));
}

void Session::end_check(match::LegResult leg) {
  if (!checking_ || leg.end.outcome == wire::Outcome::Cancelled) return;
  const Checking checking = *std::exchange(checking_, std::nullopt);
  Assessment result = assess(lesson_, {*legs_.control(), *legs_.fault(), leg},
                             checking.changes);
  const auto done = [&](const scenario::Fix& fix) {
    return did(lesson_, fix, plan_, checking.changes, checking.environment,
               watcher_->commands());
  };
  for (const scenario::Fix& fix : lesson_.fixes) {
    if (!done(fix)) continue;
    if (!fix.wrong) {
      if (result.way.empty()) result.way = fix.id;
      continue;
    }
    result.decoys.push_back(fix.id);
    auto& tried = attempt_.decoys;
    if (std::find(tried.begin(), tried.end(), fix.id) == tried.end()) {
      tried.push_back(fix.id);
    }
  }
  const bool solved = result.kind == Assessment::Kind::Solved;
  // What the harness could not tell is no check of the student's.
  if (result.kind != Assessment::Kind::Unknown) {
    ++attempt_.checks;
    attempt_.verdicts.push_back(
        solved ? "solved"
               : fmt::format("signature {}, command {}{}",
                             result.gone ? "gone" : "there",
                             result.works ? "works" : "fails",
                             result.touched.empty() ? "" : ", files changed"));
  }
  if (solved && !attempt_.solved) {
    attempt_.solved = true;
    attempt_.way = result.way.empty() ? "own" : result.way;
    attempt_.seconds = (base::sys::monotonic_ns() - begin_ns_) / 1'000'000'000u;
  }
  keep_progress();
  const int status = solved                                    ? 0
                     : result.kind == Assessment::Kind::NotYet ? 1
                                                               : 3;
  say(checking.visitor, check_screen(frame_, result, leg), status);
  student_ = std::move(leg);
  end_.last = std::move(result);
}

void Session::keep_progress() {
  if (setting_.progress == nullptr) return;
  if (!attempt_.solved) {
    attempt_.seconds = (base::sys::monotonic_ns() - begin_ns_) / 1'000'000'000u;
  }
  // No reason to stop a lesson, but the student is told when it ends.
  const auto kept = setting_.progress->keep(lesson_.id, attempt_);
  end_.lost = kept ? std::nullopt : std::optional(kept.error());
}

void Session::live(const std::string& line) {
  recent_.push_back(line);
  if (recent_.size() > 40) recent_.pop_front();
  std::erase_if(watchers_, [&line](const auto& visitor) {
    return !visitor->say(line + "\n");
  });
}

}  // namespace

base::Result<SessionEnd> hold_session(const SessionSetting& setting) {
  const scenario::Scenario& lesson = *setting.frame.lesson;
  plan::ScenarioPlan plan =
      DRIFTCAGE_TRY(plan::make_plan(lesson, *setting.ground));
  if (!plan.skip.empty()) {
    return base::fail(kLacking, lesson.id, 0,
                      plan.skip +
                          "; `driftcage learn --image REF` takes "
                          "another image");
  }
  Door door = DRIFTCAGE_TRY(Door::open());
  std::optional<Sign> sign;
  if (!setting.script) {
    sign.emplace(DRIFTCAGE_TRY(Sign::put_up(door.socket())));
    if (setting.opened) setting.opened(door.socket());
  }
  Session session(setting, std::move(plan), std::move(door),
                  DRIFTCAGE_TRY(run::find_cell()));
  return session.run();
}

}  // namespace driftcage::learn
