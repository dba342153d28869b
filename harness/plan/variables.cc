// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/variables.h"

#include <algorithm>
#include <array>

#include "harness/base/path.h"
#include "harness/scenario/variables.h"

namespace driftcage::plan {
namespace {

constexpr std::array<std::string_view, 5> kOwn{"WORK", "HOME", "TMP", "PATH",
                                               "LOADER"};

bool is_own(std::string_view name) {
  return std::find(kOwn.begin(), kOwn.end(), name) != kOwn.end();
}

// The first Go of the image whose version is not that of the one on PATH.
void add_other_go(const model::Facts& facts,
                  std::map<std::string, std::string>* variables) {
  const auto version = facts.go_env.find("GOVERSION");
  if (version == facts.go_env.end()) return;
  for (const model::GoToolchain& go : facts.toolchains) {
    if (go.version.empty() || "go" + go.version == version->second) continue;
    (*variables)["OTHER_GOROOT"] = go.goroot;
    (*variables)["OTHER_GOTOOLDIR"] = go.tool_dir;
    (*variables)["OTHER_GOVERSION"] = "go" + go.version;
    return;
  }
}

bool is_shell_line(const std::vector<std::string>& argv) {
  if (argv.size() < 3 || argv[1] != "-c") return false;
  constexpr std::array<std::string_view, 6> kShells{"sh",  "bash", "dash",
                                                    "ash", "ksh",  "zsh"};
  return std::find(kShells.begin(), kShells.end(),
                   base::path::base_name(argv[0])) != kShells.end();
}

}  // namespace

bool is_of_other_go(std::string_view name) {
  return name.starts_with("OTHER_");
}

std::map<std::string, std::string> healthy_variables(const Ground& ground) {
  std::map<std::string, std::string> variables{{"WORK", kWork},
                                               {"HOME", kHome},
                                               {"TMP", kTmp},
                                               {"LOADER", ground.facts.loader}};
  const auto path = ground.image.environment.find("PATH");
  variables["PATH"] =
      path == ground.image.environment.end() ? "" : path->second;
  const auto& go_env = ground.facts.go_env;
  if (go_env.empty()) return variables;
  add_other_go(ground.facts, &variables);
  for (const scenario::VariableInfo& known : scenario::variables()) {
    if (is_own(known.name) || is_of_other_go(known.name)) continue;
    // An old Go does not know all of them.
    const auto value = go_env.find(known.name);
    variables[known.name] = value == go_env.end() ? "" : value->second;
  }
  return variables;
}

bool is_go_variable(std::string_view name) {
  const auto& known = scenario::variables();
  return !is_own(name) &&
         std::any_of(known.begin(), known.end(),
                     [&](const auto& info) { return info.name == name; });
}

std::string Expander::replace(const std::string& text, const Lookup* first,
                              std::string* unknown) {
  std::string out;
  std::size_t at = 0;
  for (const auto& use : scenario::variable_uses(text)) {
    const std::size_t before = use.offset - at;
    if (before > 0 && text[use.offset - 1] == '$') {
      out.append(text, at, before - 1);
      out.append(text, use.offset, use.length);
      at = use.offset + use.length;
      continue;
    }
    out.append(text, at, before);
    at = use.offset + use.length;
    const std::string name(use.name);
    if (first != nullptr && first->contains(name)) {
      out += first->at(name);
    } else if (const auto own = variables_.find(name);
               own != variables_.end()) {
      out += own->second;
    } else if (is_go_variable(name)) {
      if (missing_.empty()) missing_ = name;
    } else {
      out.append(text, use.offset, use.length);
      if (unknown != nullptr && unknown->empty()) *unknown = name;
    }
  }
  out.append(text, at);
  return out;
}

base::Result<std::string> Expander::text(const std::string& text) {
  std::string unknown;
  std::string out = replace(text, nullptr, &unknown);
  if (unknown.empty()) return out;
  return base::fail("expand", text, 0, "unknown variable $" + unknown);
}

base::Result<std::string> Expander::value(
    const std::string& text,
    const std::map<std::string, std::string>& environment) {
  std::string unknown;
  std::string out = replace(text, &environment, &unknown);
  if (unknown.empty()) return out;
  return base::fail("expand", text, 0, "unknown variable $" + unknown);
}

base::Result<std::string> Expander::path(const std::string& text) {
  return base::path::absolute(kWork, DRIFTCAGE_TRY(this->text(text)));
}

std::vector<std::string> Expander::command(
    const std::vector<std::string>& argv) {
  if (is_shell_line(argv)) return argv;
  std::vector<std::string> out;
  out.reserve(argv.size());
  for (const std::string& argument : argv) {
    out.push_back(replace(argument, nullptr, nullptr));
  }
  return out;
}

}  // namespace driftcage::plan
