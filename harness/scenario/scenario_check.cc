// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/scenario/event_parts.h"
#include "harness/scenario/reader.h"
#include "harness/scenario/shape.h"
#include "harness/scenario/text_format.h"
#include "harness/scenario/variables.h"

// What no single key can tell: names that refer to each other, and claims that
// no run could ever confirm.
namespace driftcage::scenario {
namespace {

class ScenarioCheck {
 public:
  ScenarioCheck(const Node& root, const Scenario& scenario, Mistakes* mistakes)
      : root_(root), scenario_(scenario), mistakes_(*mistakes) {}

  void place(const std::string& expected) {
    const Node* id = root_.get("id", Kind::Text);
    if (expected.empty() || id == nullptr || id->text == expected) return;
    mistakes_.add(id->at, fmt::format("the id does not match the file's place"),
                  fmt::format("here it is \"{}\"", expected));
  }

  void ids() {
    const auto& faults = items("fault");
    std::map<std::string, const Node*> known;
    for (const Node& fault : faults) {
      if (faults.size() > 1 && fault.find("id") == nullptr) {
        mistakes_.add(fault.at, "the key id is missing in fault",
                      "several faults need names to tell them apart");
      }
      unique(fault, "fault", &known);
    }
    known.clear();
    for (const Node& fix : items("fix")) {
      unique(fix, "fix", &known);
      lift(fix);
    }
    known.clear();
    if (const Node* expect = root_.get("expect", Kind::Table)) {
      for (const char* key : {"event", "sequence"}) {
        const Node* events = expect->get(key, Kind::Array);
        if (events == nullptr) continue;
        for (const Node& event : events->items) unique(event, key, &known);
      }
    }
  }

  void legs() {
    const Node* legs = root_.get("legs", Kind::Array);
    if (legs != nullptr) {
      std::set<std::string> names;
      for (const Node& leg : legs->items) names.insert(leg.text);
      const bool all = names.contains("control") && names.contains("fault") &&
                       (names.contains("fix") || scenario_.fixes.empty());
      const bool known = std::ranges::all_of(names, [](const auto& name) {
        return name == "control" || name == "fault" || name == "fix";
      });
      if (known && !all && names != std::set<std::string>{"fault"}) {
        mistakes_.add(legs->at, "legs are all of them, or only the fault leg",
                      "write legs = [\"fault\"], or leave the key out");
      }
    }
    if (!scenario_.fault_leg_only) return;
    for (const char* key : {"control", "fix"}) {
      if (const Entry* entry = root_.find(key)) {
        mistakes_.add(entry->at,
                      fmt::format("no {} leg runs: legs is [\"fault\"]", key));
      }
    }
  }

  void flips() {
    const Expect& expect = scenario_.expect;
    const bool misread =
        std::ranges::any_of(root_.entries, [](const Entry& entry) {
          return find_key(file_shape(), entry.name) == nullptr;
        });
    // A misspelled [[fault]] is reported as such.
    if (scenario_.faults.empty() && !scenario_.fault_leg_only && !misread) {
      for (const Condition& condition : expect.where) {
        add(condition.at, "the condition can never flip: there is no [[fault]]",
            "add a fault, or write legs = [\"fault\"]");
      }
      for (const auto* lines : {&expect.see, &expect.never}) {
        for (const model::EventLine& line : *lines) {
          add(line.at, "the line can never flip: there is no [[fault]]",
              "add a fault, move the line to keep, or write legs = "
              "[\"fault\"]");
        }
      }
    }
    std::map<std::string, std::string_view> known;
    same_lines(expect.see, "see", &known);
    same_lines(expect.never, "never", &known);
    same_lines(expect.keep, "keep", &known);
  }

  // Every leg that runs must have something to run.
  void steps() {
    if (scenario_.steps.empty()) return;
    const Node* list = root_.get("step", Kind::Array);
    const auto idle = [&](Leg leg) {
      return std::ranges::none_of(scenario_.steps, [leg](const Step& step) {
        return step.runs_in(leg);
      });
    };
    const auto report = [&](const char* leg) {
      mistakes_.add(list->items.front().at,
                    fmt::format("no step runs in the {} leg", leg));
    };
    if (idle(Leg::Fault)) report("fault");
    if (scenario_.fault_leg_only) return;
    if (idle(Leg::Control)) report("control");
    if (idle(Leg::Fix) && !scenario_.fixes.empty()) report("fix");
  }

  // Names in conditions: captured once each, and used.
  void captures() {
    std::set<std::string> names;
    const Expect& expect = scenario_.expect;
    for (const auto* lines : {&expect.see, &expect.never, &expect.keep}) {
      for (const model::EventLine& line : *lines) {
        if (line.capture.empty()) continue;
        if (!names.insert(line.capture).second) {
          add(line.at, fmt::format("\"{}\" is captured twice", line.capture));
        }
      }
    }
    for (const OutputPattern& pattern : expect.leg.output) {
      if (!pattern.regex) continue;
      for (const std::string& name : named_groups(pattern.text)) {
        if (!names.insert(name).second) {
          add(pattern.at, fmt::format("\"{}\" is captured twice", name));
        }
      }
    }
    for (const Condition& condition : expect.where) {
      for (const std::string& side : {condition.left, condition.right}) {
        for (const VariableUse& use : variable_uses(side)) {
          known_name(condition, std::string(use.name), names);
        }
      }
    }
  }

  // An expectation that every run fulfils.
  void vacuous() {
    const Node* expect = root_.get("expect", Kind::Table);
    if (expect == nullptr || expect->entries.size() != 1) return;
    const Node* exit = expect->get("exit", Kind::Text);
    if (exit == nullptr || exit->text != "any") return;
    mistakes_.add(exit->at, "nothing is expected: every exit is \"any\"");
  }

 private:
  void known_name(const Condition& condition, const std::string& name,
                  const std::set<std::string>& captured) {
    if (captured.contains(name)) return;
    std::vector<std::string> names(captured.begin(), captured.end());
    for (const VariableInfo& info : variables()) {
      if (info.name == name) return;
      names.push_back(info.name);
    }
    const std::string near = nearest(name, names);
    add(condition.at, fmt::format("nothing is captured as \"{}\"", name),
        near.empty() ? "an event's capture or a (?P<name>...) of a regular "
                       "expression gives names"
                     : fmt::format("did you mean ${{{}}}?", near));
  }

  [[nodiscard]] const std::vector<Node>& items(std::string_view key) const {
    static const std::vector<Node> kNone;
    const Node* list = root_.get(key, Kind::Array);
    return list == nullptr ? kNone : list->items;
  }

  void unique(const Node& table, std::string_view what,
              std::map<std::string, const Node*>* known) {
    const Node* id = table.get("id", Kind::Text);
    if (id == nullptr) return;
    const auto [first, fresh] = known->try_emplace(id->text, id);
    if (fresh) return;
    mistakes_.add(id->at,
                  fmt::format("the {} id \"{}\" is used twice", what, id->text),
                  fmt::format("first on line {}", first->second->at.line));
  }

  void lift(const Node& fix) {
    const Node* lift = fix.get("lift", Kind::Array);
    if (lift == nullptr) return;
    std::vector<std::string> names;
    for (const Fault& fault : scenario_.faults) names.push_back(fault.id);
    std::set<std::string> seen;
    for (const Node& name : lift->items) {
      if (name.kind != Kind::Text || name.text.empty()) continue;
      if (!seen.insert(name.text).second) {
        mistakes_.add(name.at,
                      fmt::format("fault \"{}\" is lifted twice", name.text));
      }
      if (std::ranges::find(names, name.text) != names.end()) continue;
      const std::string near = nearest(name.text, names);
      std::string hint;
      if (!near.empty()) {
        hint = fmt::format("did you mean \"{}\"?", near);
      } else if (!names.empty()) {
        hint = fmt::format("faults are {}", fmt::join(names, ", "));
      }
      mistakes_.add(name.at,
                    fmt::format("no fault is called \"{}\"", name.text),
                    std::move(hint));
    }
  }

  void same_lines(const std::vector<model::EventLine>& lines,
                  std::string_view list,
                  std::map<std::string, std::string_view>* known) {
    for (const model::EventLine& line : lines) {
      std::string key = line.is_sequence() ? line.text : spell(line);
      if (line.syscall) key += model::syscall_name(*line.syscall);
      const auto [first, fresh] = known->try_emplace(std::move(key), list);
      if (fresh) continue;
      add(line.at,
          first->second == list
              ? fmt::format("the line stands in {} twice", list)
              : fmt::format("the line stands in {} too: both cannot hold",
                            first->second));
    }
  }

  void add(const model::SourceRange& at, std::string message,
           std::string hint = {}) {
    mistakes_.add({0, at.line, at.column, at.length}, std::move(message),
                  std::move(hint));
  }

  const Node& root_;
  const Scenario& scenario_;
  Mistakes& mistakes_;
};

}  // namespace

void check_scenario(const Node& root, const Scenario& scenario,
                    const std::string& expected_id, Mistakes* mistakes) {
  ScenarioCheck check(root, scenario, mistakes);
  check.place(expected_id);
  check.ids();
  check.legs();
  check.flips();
  check.captures();
  check.steps();
  check.vacuous();
}

}  // namespace driftcage::scenario
