// SPDX-License-Identifier: Apache-2.0
//
// Fixes as people do them at a prompt: which lines they type, and which marks
// these leave.
#include <algorithm>
#include <utility>

#include "harness/base/path.h"
#include "harness/base/shell_word.h"
#include "harness/learn/assess.h"
#include "harness/plan/variables.h"

namespace driftcage::learn {
namespace {

using Lines = std::vector<std::string>;

const model::CageSpec* leg_named(const plan::ScenarioPlan& plan,
                                 const std::string& name) {
  for (const plan::LegPlan& leg : plan.legs) {
    if (leg.name == name) return &leg.spec;
  }
  return nullptr;
}

void add_environment(const EnvironmentMap& from, const EnvironmentMap& to,
                     Lines* lines) {
  for (const auto& [name, value] : to) {
    const auto old = from.find(name);
    if (old == from.end() || old->second != value) {
      lines->push_back("export " + name + "=" + base::shell_word(value));
    }
  }
  for (const auto& [name, value] : from) {
    if (!to.contains(name)) lines->push_back("unset " + name);
  }
}

bool is_shell_line(const std::vector<std::string>& argv) {
  return argv.size() == 3 && argv[0] == "/bin/sh" && argv[1] == "-c";
}

std::string command_line(const std::vector<std::string>& argv) {
  if (is_shell_line(argv)) return argv[2];
  std::string line;
  for (const std::string& word : argv) {
    line += (line.empty() ? "" : " ") + base::shell_word(word);
  }
  return line;
}

// Effects that are neither variables nor modes nor commands.
bool is_beyond_typing(const scenario::Effects& effects) {
  scenario::Effects rest = effects;
  rest.env.clear();
  rest.path = {};
  rest.chmod.clear();
  rest.setup.clear();
  return !rest.empty();
}

const scenario::Fault* fault_named(const scenario::Scenario& scenario,
                                   const std::string& id) {
  for (const scenario::Fault& fault : scenario.faults) {
    if (fault.id == id) return &fault;
  }
  return nullptr;
}

// Programs that were dropped are on the PATH of the healthy cage.
bool lifts_by_path(const scenario::Effects& effects) {
  return !effects.path.drop.empty();
}

bool is_changed(const Changes& changes, const std::string& path) {
  return std::find(changes.paths.begin(), changes.paths.end(), path) !=
         changes.paths.end();
}

std::string spoken(const std::vector<std::string>& argv) {
  std::string text;
  for (const std::string& word : argv) {
    text +=
        text.empty() ? std::string(base::path::base_name(word)) : " " + word;
  }
  return text;
}

// The commands of `a && b`; what the shell does itself leaves no mark.
bool ran_line(const std::string& line, const std::set<std::string>& commands) {
  std::size_t marks = 0;
  for (std::size_t at = 0; at < line.size();) {
    const std::size_t end = std::min(line.find(" && ", at), line.size());
    const std::string part = line.substr(at, end - at);
    at = end + 4;
    if (part.starts_with("cd ")) continue;
    if (!commands.contains(part)) return false;
    ++marks;
  }
  return marks > 0;
}

}  // namespace

Lines typed_lines(const scenario::Scenario& scenario, const scenario::Fix& fix,
                  const plan::ScenarioPlan& plan) {
  const auto written = scenario.learn->type.find(fix.id);
  if (written != scenario.learn->type.end()) return written->second;
  const model::CageSpec* fault = leg_named(plan, "fault");
  const model::CageSpec* fixed = leg_named(plan, "fix:" + fix.id);
  if (fault == nullptr || fixed == nullptr || is_beyond_typing(fix.effects)) {
    return {};
  }
  Lines lines;
  add_environment(fault->environment, fixed->environment, &lines);
  for (const std::string& id : fix.lift) {
    const scenario::Fault* lifted = fault_named(scenario, id);
    if (lifted == nullptr) return {};
    scenario::Effects rest = lifted->effects;
    rest.env.clear();
    rest.path = {};
    if (!rest.empty()) return {};
    const auto path = fixed->environment.find("PATH");
    if (lifts_by_path(lifted->effects) && path != fixed->environment.end()) {
      lines.push_back("export PATH=" + base::shell_word(path->second));
    }
  }
  plan::Expander expand(plan.variables);
  for (const auto& [path, mode] : fix.effects.chmod) {
    const auto full = expand.path(path);
    if (!full) return {};
    std::string octal(5, '0');
    std::uint32_t bits = mode;
    for (std::size_t i = octal.size(); i-- > 0; bits >>= 3) {
      octal[i] = static_cast<char>('0' + (bits & 7));
    }
    lines.push_back("chmod " + octal.substr(octal[1] == '0' ? 2 : 1) + " " +
                    base::shell_word(*full));
  }
  for (const auto& argv : fix.effects.setup) {
    lines.push_back(command_line(expand.command(argv)));
  }
  for (const auto& argv : fix.run) {
    lines.push_back(command_line(expand.command(argv)));
  }
  return lines;
}

bool did(const scenario::Scenario& scenario, const scenario::Fix& fix,
         const plan::ScenarioPlan& plan, const Changes& changes,
         const EnvironmentMap& environment,
         const std::set<std::string>& commands) {
  const model::CageSpec* fault_spec = leg_named(plan, "fault");
  const model::CageSpec* fixed_spec = leg_named(plan, "fix:" + fix.id);
  if (fault_spec == nullptr || fixed_spec == nullptr) return false;
  const model::CageSpec& fault = *fault_spec;
  const model::CageSpec& fixed = *fixed_spec;
  plan::Expander expand(plan.variables);
  std::size_t marks = 0;
  for (const auto& [name, value] : fixed.environment) {
    const auto old = fault.environment.find(name);
    if (old != fault.environment.end() && old->second == value) continue;
    const auto now = environment.find(name);
    if (now == environment.end() || now->second != value) return false;
    ++marks;
  }
  for (const auto& [name, value] : fault.environment) {
    if (fixed.environment.contains(name)) continue;
    if (environment.contains(name)) return false;
    ++marks;
  }
  const auto full = [&expand](const std::string& path) {
    return expand.path(path).value_or(path);
  };
  for (const auto& file : fix.effects.files) {
    if (!is_changed(changes, full(file.path))) return false;
    ++marks;
  }
  for (const auto& [path, mode] : fix.effects.chmod) {
    if (!is_changed(changes, full(path))) return false;
    ++marks;
  }
  for (const std::string& id : fix.lift) {
    const scenario::Fault* lifted = fault_named(scenario, id);
    if (lifted == nullptr) return false;
    for (const auto& file : lifted->effects.files) {
      if (!is_changed(changes, full(file.path))) return false;
      ++marks;
    }
    for (const std::string& path : lifted->effects.hide) {
      if (!is_changed(changes, full(path))) return false;
      ++marks;
    }
    const auto path = fixed.environment.find("PATH");
    const auto now = environment.find("PATH");
    if (lifts_by_path(lifted->effects) && path != fixed.environment.end() &&
        now != environment.end() && now->second == path->second) {
      ++marks;
    }
  }
  for (const auto& argv : fix.run) {
    const auto full_argv = expand.command(argv);
    const bool ran = is_shell_line(full_argv)
                         ? ran_line(full_argv[2], commands)
                         : commands.contains(spoken(full_argv));
    if (!ran) return false;
    ++marks;
  }
  return marks > 0;
}

}  // namespace driftcage::learn
