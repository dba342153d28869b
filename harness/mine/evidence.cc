// SPDX-License-Identifier: Apache-2.0
#include "harness/mine/evidence.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "harness/base/path.h"
#include "harness/report/shorten.h"
#include "harness/run/record.h"

namespace driftcage::mine {
namespace {

// Whether the leg ended by itself; a payload that could not be started did,
// too. Else why not.
base::Status usable(const match::LegResult& leg) {
  using wire::Outcome;
  const wire::End& end = leg.end;
  if (end.outcome == Outcome::Finished || end.outcome == Outcome::SpawnFailed) {
    return {};
  }
  const std::string step = fmt::format("run the {} leg", leg.name);
  if (end.outcome == Outcome::Timeout) {
    return base::fail(step, {}, 0,
                      "it ran out of time; give it more: --timeout");
  }
  if (!end.error.step.empty()) return tl::make_unexpected(end.error);
  return base::fail(step, {}, end.error.err,
                    std::string(wire::outcome_name(end.outcome)));
}

// Paths of the cage as event lines spell them, and as /name for those that
// lie below no variable.
std::string spelled(const std::string& path,
                    const report::Shortener& shortener) {
  const auto [variable, rest] = shortener.split(path);
  return stable_subject(std::string(variable) + std::string(rest));
}

// A value of a scenario with its variables replaced; unknown ones stay.
std::string expanded(const std::string& text,
                     const match::Variables& variables) {
  std::string out = text;
  // Longest names first, so that $GO is not taken for a part of $GOROOT.
  std::vector<std::pair<std::string, std::string>> sorted(variables.begin(),
                                                          variables.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) {
                     return a.first.size() > b.first.size();
                   });
  for (const auto& [name, value] : sorted) {
    for (const std::string& use : {"${" + name + "}", "$" + name}) {
      for (std::size_t at = out.find(use); at != std::string::npos;
           at = out.find(use, at + value.size())) {
        out.replace(at, use.size(), value);
      }
    }
  }
  return out;
}

}  // namespace

Clues clues_of(const scenario::Scenario& scenario,
               const match::Variables& variables) {
  const report::Shortener shortener(variables);
  const auto work = variables.find("WORK");
  Clues clues;
  const auto place = [&](const std::string& text) {
    const std::string path =
        base::path::absolute(work == variables.end() ? "/" : work->second,
                             expanded(text, variables));
    clues.places.push_back(spelled(path, shortener));
    clues.names.emplace_back(base::path::base_name(path));
  };
  for (const scenario::Fault& fault : scenario.faults) {
    const scenario::Effects& effects = fault.effects;
    for (const auto& [name, value] : effects.env) {
      if (value && value->find('/') != std::string::npos) {
        for (const std::string& path : base::path::split_list(*value)) {
          if (!path.empty() && (path[0] == '/' || path[0] == '$')) place(path);
        }
      } else if (value && value->size() >= 2) {
        clues.names.push_back(*value);
      }
    }
    for (const auto* list : {&effects.path.prepend, &effects.path.remove}) {
      for (const std::string& path : *list) place(path);
    }
    for (const std::string& name : effects.path.drop) {
      clues.names.push_back(name);
    }
    for (const std::string& path : effects.hide) place(path);
    for (const auto& file : effects.files) place(file.path);
    for (const auto& [path, mode] : effects.chmod) place(path);
    for (const auto& [path, size] : effects.truncate) place(path);
    for (const auto& corrupt : effects.corrupt) place(corrupt.path);
    for (const auto& mount : effects.mounts) place(mount.at);
    for (const std::string& name : effects.drop_devices) place("/dev/" + name);
    for (const auto& injection : effects.inject) {
      if (!injection.path_glob.empty() &&
          injection.path_glob.find('*') == std::string::npos) {
        place(injection.path_glob);
      }
    }
  }
  return clues;
}

base::Result<Evidence> gather(const std::vector<run::ScenarioResult>& results) {
  Evidence evidence;
  match::Variables variables;
  for (const run::ScenarioResult& result : results) {
    for (const match::LegResult& leg : result.legs) {
      const bool healthy = leg.leg == scenario::Leg::Control;
      if (!healthy && leg.leg != scenario::Leg::Fault) continue;
      DRIFTCAGE_CHECK_OK(usable(leg));
      variables = leg.variables;
      (healthy ? evidence.healthy : evidence.broken)
          .push_back(DRIFTCAGE_TRY(
              read_trace_lines(result.record_folder + "/" +
                                   run::leg_folder(leg.name) + "/trace.dct",
                               leg.variables)));
      (healthy ? evidence.errors.healthy : evidence.errors.broken)
          .push_back(leg.stderr_text);
      (healthy ? evidence.output.healthy : evidence.output.broken)
          .push_back(leg.stdout_text);
      (healthy ? evidence.healthy_ends : evidence.broken_ends)
          .push_back(leg.end);
    }
  }
  if (evidence.healthy.empty() || evidence.broken.empty()) {
    return base::fail(
        "compare the legs", {}, 0,
        results.empty() || results.front().judgement.reason.empty()
            ? "there is no control leg and fault leg"
            : results.front().judgement.reason);
  }
  evidence.clues = clues_of(results.front().scenario, variables);
  for (const auto& [name, value] : variables) {
    if (name.find("GO") != std::string::npos && value.starts_with('/')) {
      evidence.errors.local.push_back(value);
    }
  }
  evidence.errors.words = evidence.clues.names;
  evidence.output.local = evidence.errors.local;
  evidence.output.words = evidence.clues.names;
  evidence.clues.said =
      only_broken(evidence.errors) + only_broken(evidence.output);
  return evidence;
}

std::string exit_value(const std::vector<wire::End>& ends) {
  std::set<std::string> values;
  bool good = false;
  for (const wire::End& end : ends) {
    if (end.outcome == wire::Outcome::SpawnFailed) {
      values.insert(
          fmt::format("{{ spawn = \"{}\" }}", base::errno_name(end.error.err)));
    } else if (const auto signal = end.status.signal()) {
      values.insert(
          fmt::format("{{ signal = \"{}\" }}", base::signal_name(*signal)));
    } else {
      const int code = end.status.exit_code().value_or(0);
      good = good || code == 0;
      values.insert(std::to_string(code));
    }
  }
  if (values.size() == 1) return *values.begin();
  return good || values.empty() ? std::string() : "\"nonzero\"";
}

}  // namespace driftcage::mine
