// SPDX-License-Identifier: Apache-2.0
#include "harness/match/condition.h"

#include <re2/re2.h>

#include <optional>
#include <vector>

#include "harness/base/path.h"
#include "harness/scenario/variables.h"

namespace driftcage::match {
namespace {

using Values = std::map<std::string, std::string>;

void capture_groups(const scenario::OutputPattern& pattern,
                    const std::string& text, Values* values) {
  RE2::Options options;
  options.set_log_errors(false);
  const RE2 regex(pattern.text, options);
  if (!regex.ok() || regex.NamedCapturingGroups().empty()) return;
  std::vector<re2::StringPiece> groups(
      static_cast<std::size_t>(regex.NumberOfCapturingGroups()) + 1);
  if (!regex.Match(text, 0, text.size(), RE2::UNANCHORED, groups.data(),
                   static_cast<int>(groups.size()))) {
    return;
  }
  for (const auto& [name, number] : regex.NamedCapturingGroups()) {
    const re2::StringPiece& group = groups[static_cast<std::size_t>(number)];
    (*values)[name] = std::string(group.data(), group.size());
  }
}

std::optional<std::string> filled(const std::string& text, const Values& values,
                                  const Variables& variables) {
  std::string out;
  std::size_t at = 0;
  for (const auto& use : scenario::variable_uses(text)) {
    out.append(text, at, use.offset - at);
    at = use.offset + use.length;
    const std::string name(use.name);
    if (const auto value = values.find(name); value != values.end()) {
      out += value->second;
    } else if (const auto known = variables.find(name);
               known != variables.end()) {
      out += known->second;
    } else {
      return std::nullopt;
    }
  }
  return out.append(text, at);
}

}  // namespace

Values captured(const scenario::Expect& expect, const LegResult& leg) {
  Values values;
  std::size_t at = 0;
  for (const auto* lines : {&expect.see, &expect.never, &expect.keep}) {
    for (const model::EventLine& line : *lines) {
      const std::size_t index = at++;
      if (line.capture.empty() || index >= leg.lines.size()) continue;
      const auto& seen = leg.lines[index].first;
      if (seen.empty()) continue;
      const model::Event& event = seen.front().event;
      values[line.capture] = event.abs.empty() ? event.path : event.abs;
    }
  }
  for (const scenario::OutputPattern& pattern : expect.leg.output) {
    if (!pattern.regex) continue;
    const bool out = pattern.stream == scenario::OutputPattern::Stream::Stdout;
    capture_groups(pattern, out ? leg.stdout_text : leg.stderr_text, &values);
  }
  return values;
}

bool condition_holds(const scenario::Condition& condition, const Values& values,
                     const Variables& variables, std::string* shown) {
  const auto left = filled(condition.left, values, variables);
  const auto right = filled(condition.right, values, variables);
  *shown = condition.text;
  if (!left || !right) {
    *shown += ": nothing was captured";
    return false;
  }
  using Kind = scenario::Condition::Kind;
  const char* kind = condition.kind == Kind::Equal     ? "=="
                     : condition.kind == Kind::Unequal ? "!="
                                                       : "under";
  *shown += ": " + *left + " " + kind + " " + *right;
  switch (condition.kind) {
    case Kind::Equal:
      return *left == *right;
    case Kind::Unequal:
      return *left != *right;
    case Kind::Under:
      return base::path::is_below(*left, *right);
  }
  return false;
}

}  // namespace driftcage::match
