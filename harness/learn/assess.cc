// SPDX-License-Identifier: Apache-2.0
#include "harness/learn/assess.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "harness/learn/course.h"
#include "harness/report/event_text.h"
#include "harness/report/shorten.h"
#include "harness/report/touched.h"

namespace driftcage::learn {
namespace {

using model::Verdict;

// What a healthy command may look like: as without the fault, or as one of the
// right fixes states.
std::vector<scenario::LegExpect> healthy_ends(
    const scenario::Scenario& scenario) {
  std::vector<scenario::LegExpect> ends{scenario.control};
  for (const scenario::Fix& fix : scenario.fixes) {
    const bool says = fix.expect.exit || !fix.expect.output.empty();
    if (!fix.wrong && says) ends.push_back(fix.expect);
  }
  return ends;
}

match::Judgement judge_as(const scenario::Scenario& scenario,
                          const scenario::LegExpect& expect,
                          const std::vector<match::LegResult>& legs) {
  scenario::Scenario lesson = scenario;
  lesson.fixes.clear();
  scenario::Fix you;
  you.id = "you";
  you.expect = expect;
  you.at = {scenario.file, 0, 0, 1};
  lesson.fixes.push_back(std::move(you));
  return match::judge(lesson, legs);
}

bool is_line_of(const std::vector<model::EventLine>& lines,
                const model::SourceRange& at) {
  return std::any_of(lines.begin(), lines.end(), [&](const auto& line) {
    return line.at.line == at.line && line.at.column == at.column &&
           line.at.file == at.file;
  });
}

bool is_signature(const scenario::Expect& expect,
                  const match::Finding& finding) {
  return is_line_of(expect.see, finding.at) ||
         is_line_of(expect.never, finding.at) ||
         std::any_of(
             expect.where.begin(), expect.where.end(),
             [&](const auto& one) { return one.at.line == finding.at.line; });
}

}  // namespace

Assessment assess(const scenario::Scenario& scenario,
                  const std::vector<match::LegResult>& legs,
                  const Changes& changes) {
  Assessment result;
  for (const std::string& path : protected_paths(scenario)) {
    if (std::find(changes.paths.begin(), changes.paths.end(), path) !=
        changes.paths.end()) {
      result.touched.push_back(path);
    }
  }
  std::optional<match::Judgement> best;
  for (const scenario::LegExpect& expect : healthy_ends(scenario)) {
    match::Judgement one = judge_as(scenario, expect, legs);
    const bool better =
        !best || (best->verdict != Verdict::Pass &&
                  (one.verdict == Verdict::Pass ||
                   one.findings.size() < best->findings.size()));
    if (better) best = std::move(one);
  }
  const match::Judgement& judgement = *best;
  for (const match::Finding& finding : judgement.findings) {
    if (finding.leg == kStudentLeg) result.findings.push_back(finding);
  }
  result.gone = std::none_of(
      result.findings.begin(), result.findings.end(),
      [&](const auto& one) { return is_signature(scenario.expect, one); });
  result.kept = std::none_of(result.findings.begin(), result.findings.end(),
                             [&](const auto& one) {
                               return is_line_of(scenario.expect.keep, one.at);
                             });
  result.works = std::all_of(result.findings.begin(), result.findings.end(),
                             [&](const auto& one) {
                               return is_signature(scenario.expect, one) ||
                                      is_line_of(scenario.expect.keep, one.at);
                             });
  if (judgement.verdict == Verdict::Pass) {
    result.kind = result.touched.empty() ? Assessment::Kind::Solved
                                         : Assessment::Kind::NotYet;
    return result;
  }
  result.reason = judgement.reason;
  const bool yours = judgement.leg == kStudentLeg;
  switch (judgement.verdict) {
    case Verdict::NotFixed:
    case Verdict::Fail:
      if (yours) result.kind = Assessment::Kind::NotYet;
      break;
    case Verdict::Timeout:
      if (!yours) break;
      result.kind = Assessment::Kind::NotYet;
      result.timeout = true;
      result.works = false;
      break;
    default:
      break;
  }
  return result;
}

std::string computed_hint(const scenario::Scenario& scenario,
                          const match::LegResult& control,
                          const match::LegResult& fault) {
  const report::Shortener shortener(control.variables);
  const auto spelled = [&](const match::Sighting& sighting) {
    std::string text =
        report::steady_line(report::event_line(sighting.event, shortener));
    if (!sighting.program.empty()) text += " by " + sighting.program;
    return text;
  };
  const auto sighting = [](const match::LegResult& leg,
                           std::size_t at) -> const match::Sighting* {
    if (at >= leg.lines.size() || leg.lines[at].first.empty()) return nullptr;
    return &leg.lines[at].first.front();
  };
  const std::size_t sees = scenario.expect.see.size();
  std::string here;
  std::string there;
  for (std::size_t at = 0; at < sees && here.empty(); ++at) {
    const match::Sighting* seen = sighting(fault, at);
    if (seen == nullptr) continue;
    here = "`" + spelled(*seen) + "`";
    const std::string why = report::cause_text(seen->event, shortener);
    if (!why.empty()) here += " (" + why + ")";
  }
  for (std::size_t i = 0; i < scenario.expect.never.size() && there.empty();
       ++i) {
    if (const match::Sighting* seen = sighting(control, sees + i)) {
      there = "`" + spelled(*seen) + "`";
    }
  }
  if (here.empty() && there.empty()) return {};
  if (here.empty()) {
    return "From the traces: the healthy run has " + there +
           ", and the broken one has nothing like it.";
  }
  if (there.empty()) {
    return "From the traces: the broken run has " + here +
           ", and the healthy one does not.";
  }
  return "From the traces: where the healthy run has " + there +
         ", the broken one has " + here + ".";
}

}  // namespace driftcage::learn
