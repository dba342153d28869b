// SPDX-License-Identifier: Apache-2.0
#include "harness/learn/screens.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "harness/base/path.h"
#include "harness/learn/course.h"
#include "harness/plan/planner.h"
#include "harness/report/event_text.h"
#include "harness/report/touched.h"

namespace driftcage::learn {
namespace {

using report::Color;
using report::Paint;

// A shorter sentence tells nothing.
constexpr std::size_t kTelling = 20;
constexpr std::size_t kLines = 14;  // of a trace, unless all are asked for

std::string in_words(const std::vector<std::string>& paths) {
  std::vector<std::string> names;
  for (const std::string& path : paths) {
    const std::string work = std::string(plan::kWork) + "/";
    names.push_back(path.starts_with(work) ? path.substr(work.size()) : path);
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

std::vector<const model::EventLine*> lines_of(const scenario::Expect& expect) {
  std::vector<const model::EventLine*> lines;
  for (const auto* list : {&expect.see, &expect.never, &expect.keep}) {
    for (const model::EventLine& line : *list) lines.push_back(&line);
  }
  return lines;
}

std::string rules(const scenario::Scenario& lesson) {
  std::string text;
  const auto paths = protected_paths(lesson);
  if (!paths.empty()) {
    text += fmt::format("  Rules  {} {} as {}.\n", in_words(paths),
                        paths.size() == 1 ? "stays" : "stay",
                        paths.size() == 1 ? "it is" : "they are");
  }
  for (const std::string& rule : lesson.learn->forbid) {
    text += wrapped(rule, text.empty() ? "  Rules  " : "         ");
  }
  return text;
}

std::string count_of(std::size_t count, const char* what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::string last_lines(const std::string& text, std::size_t most) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (!line.empty()) lines.push_back(line.substr(0, 160));
  }
  std::string out;
  const std::size_t from = lines.size() > most ? lines.size() - most : 0;
  for (std::size_t i = from; i < lines.size(); ++i) {
    out += "    " + lines[i] + "\n";
  }
  return out;
}

// What is wrong about one line or the exit, in the student's words.
std::string said(const scenario::Expect& expect,
                 const match::Finding& finding) {
  const auto at = [&](const std::vector<model::EventLine>& lines)
      -> const model::EventLine* {
    for (const model::EventLine& line : lines) {
      if (line.at.line == finding.at.line &&
          line.at.column == finding.at.column) {
        return &line;
      }
    }
    return nullptr;
  };
  if (const auto* line = at(expect.see)) {
    return "still there     " + line->text;
  }
  if (const auto* line = at(expect.never)) {
    return "still missing   " + line->text;
  }
  if (const auto* line = at(expect.keep)) {
    return "lost            " + line->text;
  }
  std::string text = finding.message;
  const std::string leg = " in the fix:you leg";
  const std::size_t where = text.find(leg);
  if (where != std::string::npos) text.erase(where, leg.size());
  return text;
}

bool holds(const match::LegResult* leg, std::size_t at) {
  return leg != nullptr && at < leg->lines.size() && leg->lines[at].holds;
}

}  // namespace

std::string wrapped(const std::string& text, const std::string& indent,
                    std::size_t width) {
  std::string out;
  const std::string later(indent.size(), ' ');
  std::istringstream paragraphs(text);
  std::string line;
  const auto flush = [&] {
    if (line.empty()) return;
    out += (out.empty() ? indent : later) + line + "\n";
    line.clear();
  };
  for (std::string part; std::getline(paragraphs, part);) {
    if (part.empty() || part[0] == ' ' || part[0] == '\t') {
      flush();
      if (!part.empty()) out += later + part + "\n";
      continue;
    }
    std::istringstream words(part);
    for (std::string word; words >> word;) {
      if (!line.empty() &&
          indent.size() + line.size() + 1 + word.size() > width) {
        flush();
      }
      line += (line.empty() ? "" : " ") + word;
    }
  }
  flush();
  return out;
}

std::string first_sentence(const std::string& text, std::size_t width) {
  std::string line;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    line += (line.empty() ? "" : " ") + word;
    const char last = word.back();
    const bool end = last == '.' || last == '?' || last == '!';
    if (end && line.size() >= kTelling) break;
  }
  if (line.size() <= width) return line;
  std::size_t end = line.rfind(' ', width > 4 ? width - 4 : 0);
  if (end == std::string::npos) end = width;
  return line.substr(0, end) + " …";
}

std::string story_screen(const Frame& frame) {
  const Paint paint(frame.color);
  const scenario::Scenario& lesson = *frame.lesson;
  std::string text = paint(
      Color::Bold,
      fmt::format("Lesson {} of {}, level {}{}", frame.number, frame.of,
                  lesson.learn->level, frame.exam ? ", exam: no hints" : ""));
  text += "\n\n" + wrapped(lesson.learn->story) + "\n";
  text += wrapped(goal_text(lesson) + ".", "  Goal   ");
  text += rules(lesson);
  const std::string command = command_text(lesson);
  if (goal_text(lesson).find(command) == std::string::npos) {
    std::istringstream lines(command);
    text += "\n";
    for (std::string line; std::getline(lines, line);) {
      text += "    " + line + "\n";
    }
  }
  return text;
}

std::string commands_screen(const Frame& frame) {
  std::string text =
      "\nYou are in the broken cage: a real shell, in /work. Nothing you do "
      "here\nreaches your machine. Run the command, then:\n\n"
      "  trace    what it just did that the healthy run does not do\n"
      "  ask      the question; `ask YOUR ANSWER` before you repair anything\n";
  if (!frame.exam) {
    text +=
        fmt::format("  hint     one of {}, then one computed from the traces\n",
                    count_of(frame.lesson->learn->hints.size(), "hint"));
  }
  return text +
         "  check    run the command again as things are now: is it solved?\n"
         "  reset    a fresh broken cage\n"
         "  story    all this again        explain  what was behind it\n"
         "  next     the next lesson       exit     leave; progress is kept\n";
}

std::string ask_screen(const Frame& frame, const std::string& answer) {
  const std::string& ask = frame.lesson->learn->ask;
  if (ask.empty()) return "This lesson has no question.\n";
  if (answer.empty()) {
    return wrapped(ask) +
           "Nobody grades it: `ask YOUR ANSWER` keeps it for `explain`.\n";
  }
  return "Kept. `explain` shows it beside what really happened.\n";
}

std::string hint_screen(const Frame& frame, std::size_t at,
                        const std::string& computed) {
  if (frame.exam) return "No hints in an exam. `trace` shows what happens.\n";
  const auto& hints = frame.lesson->learn->hints;
  const std::size_t all = hints.size() + (computed.empty() ? 0 : 1);
  if (at >= all) {
    return "That were all hints. `solution` shows the way out.\n";
  }
  const std::string head = fmt::format("({} of {}) ", at + 1, all);
  return wrapped(at < hints.size() ? hints[at] : computed, head);
}

std::string trace_screen(const Frame& frame, const Job* job,
                         const match::LegResult& control, bool all) {
  const scenario::Expect& expect = frame.lesson->expect;
  const Paint paint(frame.color);
  if (job == nullptr) {
    return "Nothing has run yet. Type the command first: " +
           command_text(*frame.lesson) + "\n";
  }
  std::string text = paint(Color::Bold, "$ " + job->command);
  text += fmt::format("   ({})\n", job->ending);
  const report::Shortener shortener(control.variables);
  const auto spelled = [&](const match::Sighting& one) {
    std::string line =
        report::steady_line(report::event_line(one.event, shortener));
    if (!one.program.empty()) line += " by " + one.program;
    return line;
  };
  // What the signature says of this run.
  std::set<std::string> marked;
  const std::size_t sees = expect.see.size();
  for (std::size_t i = 0; i < sees && i < job->signature.size(); ++i) {
    for (const auto& one : job->signature[i].first) marked.insert(spelled(one));
  }
  std::vector<LineStream::Line> lines = job->lines;
  for (const std::string& line : marked) {
    if (job->seen.contains(line)) continue;
    LineStream::Line extra;
    extra.text = line;
    lines.push_back(std::move(extra));
  }
  std::stable_sort(lines.begin(), lines.end(),
                   [&](const auto& a, const auto& b) {
                     const auto rank = [&](const auto& one) {
                       if (marked.contains(one.text)) return 0;
                       if (one.failed && one.search) return 1;
                       return one.search ? 2 : one.failed ? 3 : 4;
                     };
                     return rank(a) < rank(b);
                   });
  const std::size_t shown = all ? lines.size() : std::min(lines.size(), kLines);
  if (lines.empty()) text += "  nothing that the healthy run does not do\n";
  if (!lines.empty()) text += "  here, and not in the healthy run:\n";
  for (std::size_t i = 0; i < shown; ++i) {
    text += "    " + lines[i].text;
    if (!lines[i].why.empty()) {
      text += paint(Color::Dim, "   " + lines[i].why);
    }
    if (marked.contains(lines[i].text)) {
      text += paint(Color::Yellow, "   <- this case");
    }
    text += "\n";
  }
  if (shown < lines.size()) {
    text += fmt::format("    … {} more: trace -a\n", lines.size() - shown);
  }
  // A command that is not the lesson's misses what that one would do.
  const std::string program(base::path::base_name(
      frame.lesson->run.empty() ? "" : frame.lesson->run.front()));
  if (!frame.lesson->shell && !job->programs.contains(program)) return text;
  std::string missing;
  for (std::size_t i = 0; i < expect.never.size(); ++i) {
    const std::size_t at = sees + i;
    const bool here = at < job->signature.size() && job->signature[at].holds;
    if (here || at >= control.lines.size()) continue;
    if (control.lines[at].first.empty()) continue;
    missing += "    " + spelled(control.lines[at].first.front()) +
               paint(Color::Yellow, "   <- this case") + "\n";
  }
  if (!missing.empty())
    text += "  in the healthy run, and not here:\n" + missing;
  return text;
}

std::string check_screen(const Frame& frame, const Assessment& assessment,
                         const match::LegResult& leg) {
  const Paint paint(frame.color);
  const scenario::Scenario& lesson = *frame.lesson;
  using Kind = Assessment::Kind;
  if (assessment.kind == Kind::Unknown) {
    return paint(Color::Yellow, "Nobody can tell: this is not your mistake.") +
           "\n" + wrapped(assessment.reason, "  ") +
           "  Your work is still here: try `check` again, or `reset`.\n";
  }
  if (assessment.kind == Kind::Solved) {
    std::string text =
        paint(Color::Green, "SOLVED") +
        "   the signature is gone, the command works, protected files are "
        "unchanged\n";
    for (const scenario::Fix& fix : lesson.fixes) {
      if (fix.id == assessment.way && !fix.say.empty()) {
        text += wrapped(fix.say, "  ");
      }
    }
    if (assessment.way.empty()) {
      text += "  By a way of your own.\n";
    }
    return text + "Now `explain`, then `next`.\n";
  }
  const auto yes_no = [&](bool good, const char* bad) {
    return good ? std::string("yes") : paint(Color::Red, bad);
  };
  std::string text = "Not yet.\n";
  text += "  signature gone?   " + yes_no(assessment.gone, "no") + "\n";
  text += "  command works?    " + yes_no(assessment.works, "NO") + "\n";
  if (!assessment.touched.empty()) {
    text += "  files unchanged?  " + paint(Color::Red, "NO") + "   " +
            in_words(assessment.touched) + "\n";
  }
  std::size_t shown = 0;
  for (const match::Finding& finding : assessment.findings) {
    if (shown++ == 4) break;
    text += "    " + said(lesson.expect, finding) + "\n";
  }
  if (!assessment.works) {
    const std::string err = last_lines(leg.stderr_text, 3);
    if (!err.empty()) text += "  it said\n" + err;
  }
  for (const std::string& id : assessment.decoys) {
    for (const scenario::Fix& fix : lesson.fixes) {
      if (fix.id != id) continue;
      text += "\n" + wrapped(fix.say.empty()
                                 ? "What you tried is a decoy: it is known "
                                   "not to help."
                                 : fix.say,
                             "  You tried this: ");
    }
  }
  if (!frame.exam) text += "`trace` shows what is different, `hint` helps.\n";
  return text;
}

std::string explain_screen(const Frame& frame, const match::LegResult* control,
                           const match::LegResult* fault,
                           const match::LegResult* student,
                           const Attempt& attempt) {
  const Paint paint(frame.color);
  const scenario::Scenario& lesson = *frame.lesson;
  std::string text = paint(Color::Bold, lesson.title) + "\n\n";
  text += wrapped(lesson.about) + "\n";
  text += "  healthy  broken  yours\n";
  const auto lines = lines_of(lesson.expect);
  const auto mark = [&](const match::LegResult* leg, std::size_t at) {
    if (leg == nullptr) return "  ?  ";
    return holds(leg, at) ? " yes " : "  -  ";
  };
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string line = lines[i]->is_sequence()
                                 ? "in this order: " + lines[i]->steps[0].text
                                 : lines[i]->text;
    text += fmt::format("   {}    {}   {}   {}\n", mark(control, i),
                        mark(fault, i), mark(student, i), line);
  }
  if (!attempt.answer.empty()) {
    text += "\n" + wrapped(lesson.learn->ask, "  asked     ") +
            wrapped(attempt.answer, "  answered  ");
  }
  if (!lesson.learn->debrief.empty()) {
    text += "\n" + wrapped(lesson.learn->debrief);
  }
  text += "\n";
  for (const scenario::Fix& fix : lesson.fixes) {
    if (fix.say.empty()) continue;
    text += wrapped(fix.say, fix.wrong ? "  no help   " : "  helps     ");
  }
  if (!lesson.refs.empty()) {
    text += fmt::format("  seen in   {}\n", fmt::join(lesson.refs, ", "));
  }
  return text + "\n`next` goes on.\n";
}

std::string solution_screen(const Frame& frame,
                            const plan::ScenarioPlan& plan) {
  std::string text;
  for (const scenario::Fix& fix : frame.lesson->fixes) {
    if (fix.wrong) continue;
    const auto lines = typed_lines(*frame.lesson, fix, plan);
    if (lines.empty()) continue;
    text += wrapped(fix.say.empty() ? fix.id : fix.say);
    for (const std::string& line : lines) text += "    " + line + "\n";
  }
  return text + "Then `check`.\n";
}

std::string tour_screen(const Frame& frame, const plan::ScenarioPlan& plan) {
  std::string text = "\nA guided tour: type these, one after the other.\n\n";
  unsigned number = 0;
  const auto step = [&](const std::string& typed, const std::string& why) {
    text += fmt::format("  {}. {}\n", ++number, why);
    std::istringstream lines(typed);
    for (std::string line; std::getline(lines, line);) {
      text += "       " + line + "\n";
    }
  };
  step(command_text(*frame.lesson), "It fails.");
  step("trace", "What did it do that the healthy run does not?");
  if (!frame.lesson->learn->ask.empty()) {
    step("ask", "A question. Answer it before you go on.");
  }
  for (const bool wrong : {true, false}) {
    for (const scenario::Fix& fix : frame.lesson->fixes) {
      if (fix.wrong != wrong) continue;
      const auto lines = typed_lines(*frame.lesson, fix, plan);
      if (lines.empty()) continue;
      step(fmt::format("{}\ncheck", fmt::join(lines, "\n")),
           fix.say.empty() ? fix.id : fix.say);
      if (wrong) step("reset", "It does not help. Back to the beginning.");
      break;
    }
  }
  step("explain", "What was behind it.");
  if (frame.number < frame.of) step("next", "The next lesson.");
  return text;
}

std::string menu_screen(const std::vector<const scenario::Scenario*>& course,
                        const Attempts& attempts, std::size_t width,
                        bool color) {
  const Paint paint(color);
  std::string text;
  std::size_t solved = 0;
  int level = 0;
  std::size_t next = course.size();
  for (std::size_t i = 0; i < course.size(); ++i) {
    const scenario::Scenario& lesson = *course[i];
    if (lesson.learn->level != level) {
      level = lesson.learn->level;
      text += paint(Color::Bold, fmt::format("level {}", level)) + "\n";
    }
    const auto found = attempts.find(lesson.id);
    const State state =
        found == attempts.end() ? State::Ready : state_of(found->second);
    const bool done = state >= State::Solved;
    if (done) ++solved;
    if (!done && next == course.size()) next = i;
    std::string what =
        first_sentence(lesson.learn->story, width > 30 ? width - 20 : 40);
    if (done) what = lesson.id + ": " + lesson.title;
    std::string name(state_name(state));
    if (state == State::Ready) name.clear();
    text += fmt::format("{} {:>2}  {:<9}  {}\n", next == i ? ">" : " ", i + 1,
                        name, what);
  }
  text += fmt::format("\n{} of {} solved. ", solved, course.size());
  if (course.empty()) return "There are no lessons here.\n";
  if (next == course.size()) {
    return text +
           "That is the whole course: you can now tell what a program\n"
           "was looking for, where, and who sent it there.\n";
  }
  return text + fmt::format("Begin or go on: driftcage learn {}\n", next + 1);
}

}  // namespace driftcage::learn
