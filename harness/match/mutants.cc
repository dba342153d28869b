// SPDX-License-Identifier: Apache-2.0
#include "harness/match/mutants.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace driftcage::match {
namespace {

using scenario::Condition;
using scenario::Scenario;

// Without what has nothing to do with its claims and takes time.
Scenario base_of(const Scenario& scenario) {
  Scenario base = scenario;
  base.xfails.clear();
  base.collect.clear();
  base.retries = 0;
  return base;
}

// Moves the line `index` of `from` to `to`; its places in see, never, keep.
void add_line(const Scenario& base,
              std::vector<model::EventLine> scenario::Expect::*from,
              std::size_t index,
              std::vector<model::EventLine> scenario::Expect::*to,
              std::size_t place, std::size_t new_place, const std::string& what,
              std::vector<Mutant>* list) {
  Mutant mutant;
  mutant.scenario = base;
  auto& source = mutant.scenario.expect.*from;
  auto& target = mutant.scenario.expect.*to;
  const auto line =
      std::next(source.begin(), static_cast<std::ptrdiff_t>(index));
  const std::string name = line->is_sequence() && line->text.empty()
                               ? "the sequence " + line->id
                               : line->text;
  mutant.what = what + ": " + name;
  // A line of never goes behind those of see, one of see before those of never.
  target.insert(to == &scenario::Expect::never ? target.begin() : target.end(),
                std::move(*line));
  source.erase(line);
  mutant.from = place;
  mutant.to = new_place;
  list->push_back(std::move(mutant));
}

void add_lines(const Scenario& base, std::vector<Mutant>* list) {
  using scenario::Expect;
  const std::size_t see = base.expect.see.size();
  const std::size_t never = base.expect.never.size();
  for (std::size_t i = 0; i < see; ++i) {
    add_line(base, &Expect::see, i, &Expect::never, i, see - 1,
             "see turned into never", list);
  }
  for (std::size_t i = 0; i < never; ++i) {
    add_line(base, &Expect::never, i, &Expect::see, see + i, see,
             "never turned into see", list);
  }
  for (std::size_t i = 0; i < base.expect.keep.size(); ++i) {
    add_line(base, &Expect::keep, i, &Expect::see, see + never + i, see,
             "keep turned into see", list);
  }
}

void add_conditions(const Scenario& base, std::vector<Mutant>* list) {
  for (std::size_t i = 0; i < base.expect.where.size(); ++i) {
    Mutant mutant;
    mutant.scenario = base;
    Condition& condition = mutant.scenario.expect.where[i];
    mutant.what = "where turned round: " + condition.text;
    if (condition.kind == Condition::Kind::Under) {
      std::swap(condition.left, condition.right);
    } else {
      condition.kind = condition.kind == Condition::Kind::Equal
                           ? Condition::Kind::Unequal
                           : Condition::Kind::Equal;
    }
    list->push_back(std::move(mutant));
  }
}

void add_faults(const Scenario& base, std::vector<Mutant>* list) {
  for (std::size_t i = 0; i < base.faults.size(); ++i) {
    Mutant mutant;
    mutant.kind = Mutant::Kind::Fault;
    mutant.needs_a_run = true;
    mutant.scenario = base;
    scenario::Fault& fault = mutant.scenario.faults[i];
    fault.effects = {};
    mutant.what = "fault " + fault.id + " dropped";
    list->push_back(std::move(mutant));
  }
}

void add_fixes(const Scenario& base, std::vector<Mutant>* list) {
  for (std::size_t i = 0; i < base.fixes.size(); ++i) {
    const scenario::Fix& fix = base.fixes[i];
    Mutant turned;
    turned.kind = Mutant::Kind::Fix;
    turned.scenario = base;
    turned.scenario.fixes[i].wrong = !fix.wrong;
    turned.what =
        "fix " + fix.id + " declared " + (fix.wrong ? "right" : "wrong");
    list->push_back(std::move(turned));
    if (fix.wrong) continue;
    Mutant dropped;
    dropped.kind = Mutant::Kind::Fix;
    dropped.needs_a_run = true;
    dropped.scenario = base;
    scenario::Fix& nothing = dropped.scenario.fixes[i];
    nothing.lift.clear();
    nothing.effects = {};
    nothing.run.clear();
    dropped.what = "fix " + fix.id + " dropped";
    list->push_back(std::move(dropped));
  }
}

}  // namespace

std::vector<Mutant> mutants(const Scenario& scenario) {
  const Scenario base = base_of(scenario);
  std::vector<Mutant> list;
  add_lines(base, &list);
  add_conditions(base, &list);
  add_faults(base, &list);
  add_fixes(base, &list);
  return list;
}

Judgement judge_mutant(const Mutant& mutant, std::vector<LegResult> legs) {
  for (LegResult& leg : legs) {
    const auto at = [&leg](std::size_t place) {
      return std::next(leg.lines.begin(), static_cast<std::ptrdiff_t>(place));
    };
    // Those between the two places move up by one.
    if (mutant.from >= leg.lines.size() || mutant.to >= leg.lines.size()) {
      continue;
    }
    if (mutant.from < mutant.to) {
      std::rotate(at(mutant.from), at(mutant.from) + 1, at(mutant.to) + 1);
    } else {
      std::rotate(at(mutant.to), at(mutant.from), at(mutant.from) + 1);
    }
  }
  return judge(mutant.scenario, legs);
}

bool is_red(model::Verdict verdict) {
  switch (verdict) {
    case model::Verdict::NoRepro:
    case model::Verdict::FalseAlarm:
    case model::Verdict::NotFixed:
    case model::Verdict::DecoyWorks:
    case model::Verdict::Fail:
    case model::Verdict::Timeout:
      return true;
    default:
      return false;
  }
}

}  // namespace driftcage::match
