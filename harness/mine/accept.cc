// SPDX-License-Identifier: Apache-2.0
#include "harness/mine/accept.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "harness/base/sys.h"
#include "harness/mine/evidence.h"
#include "harness/mine/repair.h"
#include "harness/run/rejudge.h"
#include "harness/scenario/diagnostic.h"
#include "harness/scenario/parser.h"
#include "harness/scenario/toml_text.h"

namespace driftcage::mine {
namespace {

struct Change {
  model::SourceRange at;
  std::string value;  // TOML
  std::string what;
};

const match::LegResult* fault_leg(const run::ScenarioResult& result) {
  for (const match::LegResult& leg : result.legs) {
    if (leg.leg == scenario::Leg::Fault) return &leg;
  }
  return nullptr;
}

base::Result<std::vector<Change>> golden_changes(
    const run::ScenarioResult& result, const match::LegResult& fault,
    const Evidence& evidence) {
  std::vector<Change> changes;
  const scenario::LegExpect& expect = result.scenario.expect.leg;
  if (expect.exit && !match::exit_mismatch(*expect.exit, fault.end).empty()) {
    const std::string value = exit_value({fault.end});
    changes.push_back(
        {expect.exit->at, value,
         fmt::format("exit: {} -> {}", match::exit_text(*expect.exit), value)});
  }
  for (const scenario::OutputPattern& pattern : expect.output) {
    const bool err = pattern.stream == scenario::OutputPattern::Stream::Stderr;
    if (DRIFTCAGE_TRY(match::output_matches(
            pattern, err ? fault.stderr_text : fault.stdout_text))) {
      continue;
    }
    const std::string now =
        telling_line(err ? evidence.errors : evidence.output);
    if (now.empty() || pattern.regex) {
      return base::fail("accept the output", pattern.text, 0,
                        pattern.regex
                            ? "a regular expression is for you to change"
                            : "nothing that only the fault leg wrote is "
                              "telling: change the line by hand");
    }
    changes.push_back({pattern.at, scenario::toml_string(now),
                       fmt::format("{}: {} -> {}", err ? "stderr" : "stdout",
                                   pattern.text, now)});
  }
  return changes;
}

// Lines that did not hold, each replaced by the best mined one that is not
// there yet.
std::vector<Change> signature_changes(const run::ScenarioResult& result,
                                      const Evidence& evidence) {
  std::vector<Change> changes;
  const Mined mined = mine(evidence.healthy, evidence.broken, evidence.clues);
  const scenario::Expect& expect = result.scenario.expect;
  for (const auto& [lines, ranked] : {std::pair{&expect.see, &mined.see},
                                      std::pair{&expect.never, &mined.never}}) {
    std::vector<std::string> known;
    for (const model::EventLine& line : *lines) known.push_back(line.text);
    for (const model::EventLine& line : *lines) {
      const bool failed = std::any_of(
          result.judgement.findings.begin(), result.judgement.findings.end(),
          [&](const auto& finding) { return finding.at == line.at; });
      if (!failed || line.is_sequence()) continue;
      const auto better =
          std::find_if(ranked->begin(), ranked->end(), [&](const auto& one) {
            return std::find(known.begin(), known.end(), one.line) ==
                   known.end();
          });
      if (better == ranked->end()) continue;
      known.push_back(better->line);
      changes.push_back({line.at, scenario::toml_string(better->line),
                         fmt::format("{} -> {}", line.text, better->line)});
    }
  }
  return changes;
}

// The strings of a list are known by their place inside the quotes: the quotes
// on both sides belong to them.
void widen_to_quotes(const std::string& text, model::SourceRange* at) {
  std::size_t begin = 0;
  for (std::uint32_t i = 1; i < at->line; ++i) {
    begin = text.find('\n', begin);
    if (begin == std::string::npos) return;
    ++begin;
  }
  const std::size_t from = begin + at->column - 1;
  const std::size_t to = from + at->length;
  const auto quote = [&](std::size_t i) {
    return i < text.size() && (text[i] == '"' || text[i] == '\'');
  };
  if (quote(from) || from == 0 || !quote(from - 1) || !quote(to)) return;
  at->column -= 1;
  at->length += 2;
}

}  // namespace

base::Result<Accepted> accept(const run::Record& record,
                              const run::ScenarioResult& result,
                              bool signature) {
  const std::string& file = result.scenario.file;
  Accepted accepted;
  accepted.text = DRIFTCAGE_TRY(base::sys::read_file(file));
  if (accepted.text != result.scenario.source) {
    return base::fail("accept", file, 0,
                      "it has changed since that run: run it again");
  }
  const match::LegResult* fault = fault_leg(result);
  if (fault == nullptr) {
    return base::fail("accept", result.scenario.id, 0,
                      "its fault leg did not run: " + result.judgement.reason);
  }
  const Evidence evidence = DRIFTCAGE_TRY(gather({result}));
  std::vector<Change> changes =
      DRIFTCAGE_TRY(golden_changes(result, *fault, evidence));
  if (signature) {
    for (Change& change : signature_changes(result, evidence)) {
      changes.push_back(std::move(change));
    }
  }
  // From the end, so that the places before stay right.
  for (Change& change : changes) widen_to_quotes(accepted.text, &change.at);
  std::sort(changes.begin(), changes.end(), [](const auto& a, const auto& b) {
    return std::pair(a.at.line, a.at.column) >
           std::pair(b.at.line, b.at.column);
  });
  for (const Change& change : changes) {
    if (!replace_at(change.at, change.value, &accepted.text)) {
      return base::fail("change", fmt::format("{}:{}", file, change.at.line), 0,
                        "it does not stand in this file; change it by hand");
    }
    accepted.done.push_back(
        fmt::format("line {}: {}", change.at.line, change.what));
  }
  std::reverse(accepted.done.begin(), accepted.done.end());
  auto parsed = scenario::parse(
      accepted.text, file,
      {{}, [](const std::string& path) { return base::sys::read_file(path); }});
  if (!parsed) {
    return base::fail("change", file, 0,
                      scenario::render(parsed.error().front(), accepted.text));
  }
  const run::ScenarioResult again =
      DRIFTCAGE_TRY(run::rejudge(record, result, *parsed));
  if (again.judgement.verdict != model::Verdict::Pass) {
    return base::fail(
        "accept", file, 0,
        fmt::format("it would still be {}: {}{}",
                    model::verdict_name(again.judgement.verdict),
                    again.judgement.reason,
                    signature ? "" : "; --signature changes see and never"));
  }
  return accepted;
}

}  // namespace driftcage::mine
