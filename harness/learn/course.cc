// SPDX-License-Identifier: Apache-2.0
#include "harness/learn/course.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <tuple>

#include "harness/base/path.h"
#include "harness/plan/planner.h"

namespace driftcage::learn {
namespace {

std::string in_work(const std::string& path) {
  std::string text = path;
  if (text.starts_with("$WORK")) text = plan::kWork + text.substr(5);
  return base::path::absolute(plan::kWork, text);
}

bool is_source(const std::string& path) {
  static const std::set<std::string, std::less<>> kEndings{".go", ".c", ".h",
                                                           ".cc", ".s", ".awk"};
  const std::size_t dot = path.rfind('.');
  return dot != std::string::npos && kEndings.contains(path.substr(dot));
}

void add_changed(const scenario::Effects& effects,
                 std::set<std::string>* changed) {
  for (const auto& file : effects.files) changed->insert(in_work(file.path));
  for (const auto& [path, mode] : effects.chmod) changed->insert(in_work(path));
  for (const auto& path : effects.hide) changed->insert(in_work(path));
}

}  // namespace

bool is_lesson(const scenario::Scenario& scenario) {
  return scenario.learn && !scenario.learn->story.empty() && !scenario.weak();
}

std::vector<const scenario::Scenario*> course_of(
    const std::vector<scenario::Scenario>& scenarios) {
  std::vector<const scenario::Scenario*> course;
  for (const scenario::Scenario& scenario : scenarios) {
    if (is_lesson(scenario)) course.push_back(&scenario);
  }
  std::sort(course.begin(), course.end(), [](const auto* a, const auto* b) {
    return std::tie(a->learn->level, a->learn->order, a->id) <
           std::tie(b->learn->level, b->learn->order, b->id);
  });
  return course;
}

base::Result<std::size_t> find_lesson(
    const std::vector<const scenario::Scenario*>& course,
    const std::string& name) {
  std::size_t number = 0;
  const auto [end, error] =
      std::from_chars(name.data(), name.data() + name.size(), number);
  if (error == std::errc() && end == name.data() + name.size()) {
    if (number >= 1 && number <= course.size()) return number - 1;
    return base::fail("find lesson", name, 0,
                      fmt::format("there are lessons 1 to {}", course.size()));
  }
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < course.size(); ++i) {
    if (course[i]->id == name) return i;
    if (base::path::base_name(course[i]->id) == name) found.push_back(i);
  }
  if (found.size() == 1) return found.front();
  return base::fail("find lesson", name, 0,
                    found.empty() ? "`driftcage learn` lists them"
                                  : "several end so: write the whole id");
}

std::string command_text(const scenario::Scenario& scenario) {
  if (scenario.shell) return scenario.run.back();
  std::string text;
  const auto add = [&text](const std::string& word) {
    text += (text.empty() ? "" : " ") + word;
  };
  if (scenario.run.empty() && !scenario.steps.empty()) {
    for (const std::string& word : scenario.steps.back().run) add(word);
  }
  for (const std::string& word : scenario.run) add(word);
  return text;
}

std::string goal_text(const scenario::Scenario& scenario) {
  if (!scenario.learn->goal.empty()) return scenario.learn->goal;
  const std::string command = command_text(scenario);
  return command.find('\n') == std::string::npos
             ? "make `" + command + "` work"
             : "make the command below work";
}

std::vector<std::string> protected_paths(const scenario::Scenario& scenario) {
  std::vector<std::string> paths;
  for (const std::string& path : scenario.learn->protect) {
    paths.push_back(in_work(path));
  }
  if (!paths.empty()) return paths;
  std::set<std::string> changed;
  for (const scenario::Fault& fault : scenario.faults) {
    add_changed(fault.effects, &changed);
  }
  for (const scenario::Fix& fix : scenario.fixes) {
    if (!fix.wrong) add_changed(fix.effects, &changed);
  }
  for (const scenario::FileChange& file : scenario.baseline.files) {
    const std::string path = in_work(file.path);
    if (is_source(path) && !changed.contains(path)) paths.push_back(path);
  }
  return paths;
}

}  // namespace driftcage::learn
