// SPDX-License-Identifier: Apache-2.0
#include "harness/report/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>
#include <vector>

#include "harness/base/redact.h"
#include "harness/model/verdict.h"
#include "harness/plan/planner.h"
#include "harness/report/case.h"
#include "harness/report/color.h"
#include "harness/report/escape.h"
#include "harness/report/event_text.h"
#include "harness/report/excerpt.h"
#include "harness/report/next_steps.h"
#include "harness/report/shorten.h"
#include "harness/run/record.h"
#include "harness/scenario/diagnostic.h"

namespace driftcage::report {
namespace {

using match::Finding;
using match::LegResult;
using match::Sighting;
using model::Verdict;

// A report is read, not searched: the record folder has the rest.
constexpr std::size_t kMaxFindings = 6;
constexpr std::size_t kMaxOutputLines = 8;
constexpr std::size_t kMaxLine = 240;
constexpr std::size_t kAround = 4;
constexpr std::size_t kMaxCommand = 48;

std::string seconds(std::uint64_t ns) {
  return fmt::format("{:.2f}s", static_cast<double>(ns) / 1e9);
}

std::string moment(std::uint64_t ns) {
  return fmt::format("+{:.3f}s", static_cast<double>(ns) / 1e9);
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::toupper(c));
  return out;
}

Color color_of(Verdict verdict) {
  if (verdict == Verdict::Pass) return Color::Green;
  return model::is_good(verdict) ? Color::Yellow : Color::Red;
}

std::string exit_of(const wire::End& end) {
  switch (end.outcome) {
    case wire::Outcome::Finished:
      return end.status.text();
    case wire::Outcome::SpawnFailed:
      return "not started (" + base::errno_name(end.error.err) + ")";
    default:
      return std::string(wire::outcome_name(end.outcome));
  }
}

class ScenarioText {
 public:
  ScenarioText(const run::ScenarioResult& result, const TextStyle& style)
      : result_(result), style_(style), paint_(style.color) {
    match::Variables variables{
        {"WORK", plan::kWork}, {"HOME", plan::kHome}, {"TMP", plan::kTmp}};
    for (const LegResult& leg : result.legs) {
      variables.insert(leg.variables.begin(), leg.variables.end());
    }
    shortener_ = Shortener(variables);
  }

  std::string text() {
    const Verdict verdict = result_.judgement.verdict;
    const bool good = model::is_good(verdict);
    // A pass that needed a second try is never hidden.
    if (good && style_.verbosity < 0 && !result_.flaky()) return {};
    title();
    if (good) {
      if (style_.verbosity > 0) matches();
      return std::move(out_);
    }
    line("  " + paint_(Color::Bold, printable_text(result_.judgement.reason)));
    line("");
    legs();
    findings();
    if (style_.verbosity > 0) matches();
    next();
    return std::move(out_);
  }

 private:
  void line(std::string_view text) {
    out_ += text;
    out_ += '\n';
  }

  // What came from the cage, safe for a terminal and not too long.
  [[nodiscard]] std::string foreign(std::string_view text) const {
    return cut(printable_text(shortener_.text(base::redact_text(text))),
               kMaxLine);
  }

  void title() {
    const match::Judgement& judgement = result_.judgement;
    // Padded before it is painted: colours have no width.
    const std::string word =
        fmt::format("{:<12}", upper(model::verdict_name(judgement.verdict)));
    std::string text =
        fmt::format("{}{:<32} {:>7}", paint_(color_of(judgement.verdict), word),
                    result_.scenario.id, seconds(result_.duration_ns));
    if (result_.image != "host") text += "  on " + result_.image;
    if (result_.scenario.weak()) text += "  weak: no control leg";
    if (result_.round > 0) text += fmt::format("  round {}", result_.round + 1);
    if (!result_.retried.empty()) {
      text +=
          fmt::format("  {}try {}, was {}", result_.flaky() ? "flaky: " : "",
                      result_.retried.size() + 1,
                      model::verdict_name(result_.retried[0].verdict));
    }
    if (model::is_good(judgement.verdict) && !judgement.reason.empty()) {
      text += "  " + foreign(judgement.reason);
    }
    line(text);
  }

  void legs() {
    std::size_t width = 0;
    for (const LegResult& leg : result_.legs) {
      width = std::max(width, leg.name.size());
    }
    for (const LegResult& leg : result_.legs) {
      const bool decided = leg.name == result_.judgement.leg;
      std::size_t wrong = 0;
      for (const Finding& finding : result_.judgement.findings) {
        if (finding.leg == leg.name) ++wrong;
      }
      std::string text =
          fmt::format("{} {:<{}}  {:>7}  {}", decided ? ">" : " ", leg.name,
                      width, seconds(leg.end.duration_ns), exit_of(leg.end));
      text += wrong == 0 ? ", as stated" : fmt::format(", {} wrong", wrong);
      if (leg.end.integrity != model::kComplete) {
        text +=
            "; trace incomplete: " + model::integrity_text(leg.end.integrity);
      }
      line(decided ? paint_(Color::Bold, text) : text);
      if (decided) environment(leg);
    }
  }

  // What the leg's command was given that the control leg's was not.
  void environment(const LegResult& leg) {
    const LegResult& control = result_.legs.front();
    if (control.leg != scenario::Leg::Control || control.environment.empty() ||
        leg.environment.empty()) {
      return;
    }
    std::string text;
    for (const std::string& entry :
         model::environment_change(control.environment, leg.environment)) {
      const bool removed = entry.find('=') == std::string::npos;
      text += (removed ? " -" : " +") + entry;
    }
    if (!text.empty()) line("    against control:" + foreign(text));
  }

  [[nodiscard]] const LegResult* leg(const std::string& name) const {
    for (const LegResult& leg : result_.legs) {
      if (leg.name == name) return &leg;
    }
    return nullptr;
  }

  void findings() {
    const auto& all = result_.judgement.findings;
    const std::size_t shown = std::min(all.size(), kMaxFindings);
    for (std::size_t i = 0; i < shown; ++i) finding(all[i], i == 0);
    if (shown < all.size()) {
      line(fmt::format("\n  and {} more", all.size() - shown));
    }
  }

  // Whether the verdict's reason says all of it.
  [[nodiscard]] bool is_told(const Finding& finding) const {
    return finding.at.line == 0 && finding.seen.empty() &&
           finding.closest.empty() &&
           result_.judgement.reason ==
               "leg " + finding.leg + ": " + finding.message;
  }

  void finding(const Finding& finding, bool first) {
    if (!is_told(finding)) {
      line("");
      source(finding);
    }
    const LegResult* where = leg(finding.leg);
    if (!finding.seen.empty()) {
      events("seen", finding.seen, where);
    } else if (!finding.closest.empty()) {
      events("closest events", finding.closest, where);
    }
    const bool about_line = !finding.seen.empty() || !finding.closest.empty();
    if (first && about_line) {
      around(
          finding.seen.empty() ? finding.closest.front() : finding.seen.front(),
          finding.leg);
    }
    if (first && !about_line && where != nullptr) output(*where);
  }

  void source(const Finding& finding) {
    const std::string message = foreign(finding.message);
    if (finding.at.line == 0) {
      line(fmt::format("  leg {}: {}", finding.leg, message));
      return;
    }
    const std::string text =
        scenario::render({finding.at, message, {}}, result_.scenario.source);
    std::string_view rest(text);
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      line("  " + cut(rest.substr(0, end), kMaxLine));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }

  void events(const char* title, const std::vector<Sighting>& list,
              const LegResult* where) {
    line("");
    line(where == nullptr || where->end.events == 0
             ? fmt::format("  {}", title)
             : fmt::format("  {} (of {})", title, where->end.events));
    std::vector<std::string> texts;
    std::size_t width = 0;
    for (const Sighting& sighting : list) {
      texts.push_back(cut(event_line(sighting.event, shortener_), kMaxLine));
      width = std::max(width, texts.back().size());
    }
    width = std::min<std::size_t>(width, style_.width / 2);
    for (std::size_t i = 0; i < list.size(); ++i) {
      line("    " + sighting_text(list[i], texts[i], width));
    }
  }

  [[nodiscard]] std::string sighting_text(const Sighting& sighting,
                                          const std::string& event,
                                          std::size_t width) const {
    std::string text = fmt::format("{:<{}}", event, width);
    const model::Event& seen = sighting.event;
    const bool derived =
        seen.verb == model::Verb::Lookup || seen.verb == model::Verb::Load;
    if (derived && seen.ok()) text += "  at " + foreign(seen.abs);
    text += fmt::format(
        "  by {}[{}]  {}",
        sighting.program.empty() ? "-" : printable(sighting.program),
        sighting.pid, moment(seen.enter_ns));
    if (!sighting.differs.empty()) text += "  differs: " + sighting.differs;
    const std::string cause = cause_text(seen, shortener_);
    if (!cause.empty()) text += paint_(Color::Dim, "  # " + cause);
    return text;
  }

  void around(const Sighting& centre, const std::string& leg_name) {
    if (result_.record_folder.empty()) return;
    const std::string file =
        result_.record_folder + "/" + run::leg_folder(leg_name) + "/trace.dct";
    const auto excerpt = read_excerpt(file, centre.event.process,
                                      centre.event.seq, kAround, kAround);
    // A report without its record is still a report.
    if (!excerpt && excerpt.error().err != ENOENT) {
      line("");
      line("  trace around it: " + printable(excerpt.error().hint));
    }
    if (!excerpt || excerpt->events.empty()) return;
    line("");
    const bool told =
        excerpt->stage.empty() || excerpt->stage == centre.program;
    line(fmt::format("  trace around it (leg {}, process {} {}{})", leg_name,
                     centre.pid, printable(centre.program),
                     told ? "" : ", stage " + excerpt->stage));
    for (const Sighting& near : excerpt->events) {
      const bool here = near.event.seq == centre.event.seq;
      std::string text = fmt::format(
          "  {} {:>9}  {}", here ? ">" : " ", moment(near.event.enter_ns),
          cut(event_line(near.event, shortener_), kMaxLine));
      line(here ? paint_(Color::Bold, text) : text);
    }
  }

  void output(const LegResult& leg) {
    const bool on_stderr = !leg.stderr_text.empty();
    const std::string_view text = on_stderr ? leg.stderr_text : leg.stdout_text;
    if (text.empty()) return;
    std::vector<std::string_view> lines;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      lines.push_back(text.substr(at, end - at));
      at = end + 1;
    }
    const std::size_t skipped =
        lines.size() > kMaxOutputLines ? lines.size() - kMaxOutputLines : 0;
    const char* name = on_stderr ? "stderr" : "stdout";
    line("");
    line(skipped == 0
             ? fmt::format("  {} of the {} leg", name, leg.name)
             : fmt::format("  {} of the {} leg, last {} of {} lines", name,
                           leg.name, kMaxOutputLines, lines.size()));
    for (std::size_t i = skipped; i < lines.size(); ++i) {
      line("    | " + foreign(lines[i]));
    }
  }

  // Which lines matched what, leg by leg.
  void matches() {
    const scenario::Expect& expect = result_.scenario.expect;
    std::vector<std::pair<const char*, const model::EventLine*>> lines;
    for (const auto& l : expect.see) lines.emplace_back("see", &l);
    for (const auto& l : expect.never) lines.emplace_back("never", &l);
    for (const auto& l : expect.keep) lines.emplace_back("keep", &l);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      line(fmt::format("    {:<5} {}", lines[i].first,
                       cut(lines[i].second->text, kMaxLine)));
      for (const LegResult& leg : result_.legs) {
        if (i >= leg.lines.size()) continue;
        const match::LineMatch& match = leg.lines[i];
        std::string text =
            fmt::format("          {:<12} {}", leg.name, match.count);
        if (!match.first.empty()) {
          const Sighting& seen = match.first.front();
          text +=
              "  " + sighting_text(seen, event_line(seen.event, shortener_), 0);
        }
        line(text);
      }
    }
  }

  void next() {
    std::vector<NextStep> steps = next_steps(result_);
    // It has been shown already.
    if (style_.verbosity > 0) {
      std::erase_if(steps, [](const NextStep& step) {
        return step.command.ends_with(" -v");
      });
    }
    std::size_t width = 0;
    for (const NextStep& step : steps) {
      width = std::max(width, step.command.size());
    }
    // One long command must not push all reasons out of sight.
    width = std::min(width, kMaxCommand);
    line("");
    if (!result_.record_folder.empty()) {
      line("  record  " + result_.record_folder);
    }
    for (std::size_t i = 0; i < steps.size(); ++i) {
      line(fmt::format("  {:<6}  {:<{}}  {}", i == 0 ? "next" : "",
                       steps[i].command, width, steps[i].why));
    }
    line("");
  }

  const run::ScenarioResult& result_;
  const TextStyle& style_;
  Paint paint_;
  Shortener shortener_;
  std::string out_;
};

}  // namespace

std::string scenario_text(const run::ScenarioResult& result,
                          const TextStyle& style) {
  return ScenarioText(result, style).text();
}

std::string summary_text(const run::SuiteResult& result,
                         const TextStyle& style) {
  const Paint paint(style.color);
  std::size_t total = 0;
  std::string counts;
  constexpr auto kLast = static_cast<std::size_t>(Verdict::Expired);
  for (std::size_t i = 0; i <= kLast; ++i) {
    const std::size_t count = result.verdicts[i];
    if (count == 0) continue;
    total += count;
    const auto verdict = static_cast<Verdict>(i);
    if (!counts.empty()) counts += ", ";
    counts += paint(color_of(verdict),
                    fmt::format("{} {}", count, model::verdict_name(verdict)));
  }
  std::string text =
      fmt::format("{} scenario{}: {}", total, total == 1 ? "" : "s",
                  !counts.empty()        ? counts
                  : result.not_run() > 0 ? "none came to an end"
                                         : "nothing was run");
  if (result.weak > 0) {
    text += fmt::format("; {} weak, without a control leg", result.weak);
  }
  if (result.flaky > 0) {
    text += paint(Color::Yellow, fmt::format("; {} flaky", result.flaky));
  }
  text += fmt::format("; {}\n", seconds(result.duration_ns));
  if (result.not_run() > 0) {
    text += not_run_text(result) + "\n";
  } else if (const std::string by = result.stopped_by();
             !by.empty() && by != "running") {
    text += "stopped by " + by + ", with a verdict on each scenario\n";
  }
  if (!result.record_folder.empty() && style.verbosity >= 0) {
    text += "record: " + result.record_folder + "\n";
  }
  return text;
}

namespace {

class TextStream : public Stream {
 public:
  explicit TextStream(const TextStyle& style) : style_(style) {}
  std::string begin(std::size_t) override { return {}; }
  std::string add(const run::ScenarioResult& result) override {
    return scenario_text(result, style_);
  }
  std::string end(const run::SuiteResult& result) override {
    return summary_text(result, style_);
  }

 private:
  TextStyle style_;
};

}  // namespace

std::unique_ptr<Stream> text_stream(const TextStyle& style) {
  return std::make_unique<TextStream>(style);
}

}  // namespace driftcage::report
