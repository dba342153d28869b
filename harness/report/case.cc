// SPDX-License-Identifier: Apache-2.0
#include "harness/report/case.h"

#include <fmt/format.h>

#include "harness/base/redact.h"
#include "harness/base/wait_status.h"
#include "harness/report/escape.h"
#include "harness/report/text.h"

namespace driftcage::report {

std::string folder_of(std::string_view id) {
  const std::size_t slash = id.rfind('/');
  return slash == std::string_view::npos ? "."
                                         : std::string(id.substr(0, slash));
}

std::string case_name(const std::string& id, const std::string& image,
                      unsigned round) {
  std::string name = id;
  if (image != "host") name += " on " + image;
  if (round > 0) name += " #" + std::to_string(round + 1);
  return name;
}

std::string case_name(const run::ScenarioResult& result) {
  return case_name(result.scenario.id, result.image, result.round);
}

CaseKind kind_of(model::Verdict verdict) {
  switch (verdict) {
    case model::Verdict::Pass:
      return CaseKind::Passed;
    case model::Verdict::Skip:
    case model::Verdict::Xfail:
      return CaseKind::Skipped;
    case model::Verdict::Error:
    case model::Verdict::Unresolved:
      return CaseKind::Broken;
    default:
      return CaseKind::Failed;
  }
}

std::string headline(const run::ScenarioResult& result) {
  std::string text(model::verdict_name(result.judgement.verdict));
  const std::string& reason = result.judgement.reason;
  if (!reason.empty()) {
    text += ": " + printable_text(
                       base::redact_text(reason.substr(0, reason.find('\n'))));
  }
  return text;
}

model::SourceRange place_of(const run::ScenarioResult& result) {
  for (const match::Finding& finding : result.judgement.findings) {
    if (finding.at.line > 0) return finding.at;
  }
  model::SourceRange nowhere;
  nowhere.file = result.scenario.file;
  return nowhere;
}

std::string full_text(const run::ScenarioResult& result, std::size_t limit) {
  return cut(scenario_text(result, {}), limit);
}

std::string legs_text(const run::ScenarioResult& result) {
  std::string text;
  for (const match::LegResult& leg : result.legs) {
    const bool finished = leg.end.outcome == wire::Outcome::Finished;
    text += fmt::format("{}  {:.2f}s  {}\n", leg.name,
                        static_cast<double>(leg.end.duration_ns) / 1e9,
                        finished
                            ? leg.end.status.text()
                            : std::string(wire::outcome_name(leg.end.outcome)));
  }
  return text;
}

int severity(model::Verdict verdict) {
  if (model::is_good(verdict)) return 0;
  switch (kind_of(verdict)) {
    case CaseKind::Failed:
      return verdict == model::Verdict::Fail ? 3 : 2;
    default:
      return 1;
  }
}

std::string why_not_run(const run::SuiteResult& result) {
  const std::string by = result.stopped_by();
  if (by == "partial") return "their shards were not merged";
  if (by == "running") return "the run still goes on";
  return "stopped by " + (by.empty() ? "something that killed the run" : by);
}

std::string not_run_text(const run::SuiteResult& result) {
  if (result.not_run() == 0) return {};
  return fmt::format("{} not run: {}", result.not_run(), why_not_run(result));
}

}  // namespace driftcage::report
