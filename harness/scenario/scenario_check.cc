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
      if (const Node* events = expect->get("event", Kind::Array)) {
        for (const Node& event : events->items) {
          unique(event, "event", &known);
        }
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

  // An expectation that every run fulfils.
  void vacuous() {
    const Node* expect = root_.get("expect", Kind::Table);
    if (expect == nullptr || expect->entries.size() != 1) return;
    const Node* exit = expect->get("exit", Kind::Text);
    if (exit == nullptr || exit->text != "any") return;
    mistakes_.add(exit->at, "nothing is expected: every exit is \"any\"");
  }

 private:
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
      std::string key = spell(line);
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
  check.vacuous();
}

}  // namespace driftcage::scenario
