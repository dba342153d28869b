// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/needs.h"

#include <fnmatch.h>

#include <algorithm>

namespace driftcage::plan {
namespace {

std::string unmet_tool(const scenario::Needs& needs, const Ground& ground) {
  for (const auto& [name, want] : needs.tools) {
    const model::Tool* tool = ground.facts.tool(name);
    if (tool == nullptr) {
      return "no " + name + " on PATH of image " + ground.image.reference;
    }
    if (std::string reason = unmet_version(name, tool->version, want);
        !reason.empty()) {
      return reason;
    }
  }
  return {};
}

// What a full cage as of now cannot do, although a scenario may ask for it.
std::string unmet_feature(const scenario::Needs& needs, const Ground& ground) {
  for (const std::string& feature : needs.features) {
    if (feature == "ids>=2" && ground.ids < 2) {
      return "needs " + feature +
             ": a cage has a single id here; install uidmap, and give the user "
             "a line in /etc/subuid and /etc/subgid";
    }
    if (feature == "proc" && ground.rung != "full") {
      return "needs a fresh /proc, this host has rung " + ground.rung;
    }
  }
  return {};
}

// Nothing below a mount namespace can carry out a fault of the file tree.
std::string unmet_rung(const scenario::Scenario& scenario,
                       const Ground& ground) {
  if (ground.rung == "full") return {};
  if (ground.rung != "no-fresh-proc") {
    return "needs rung no-fresh-proc or better, this host has " +
           (ground.rung.empty() ? std::string("none") : ground.rung) +
           "; see `driftcage doctor`";
  }
  const auto wants_proc = [](const scenario::Effects& effects) {
    return effects.proc.has_value();
  };
  const bool any =
      wants_proc(scenario.baseline) ||
      std::any_of(scenario.faults.begin(), scenario.faults.end(),
                  [&](const auto& fault) { return wants_proc(fault.effects); });
  if (!any) return {};
  return "needs rung full, this host has no-fresh-proc; see `driftcage doctor`";
}

std::string unmet_in(const scenario::Needs& needs, const Ground& ground) {
  const std::string& architecture = ground.image.architecture;
  if (!needs.arch.empty() && std::find(needs.arch.begin(), needs.arch.end(),
                                       architecture) == needs.arch.end()) {
    return "image " + ground.image.reference + " is for " + architecture;
  }
  if (!needs.libc.empty() && needs.libc != ground.facts.libc) {
    return "image " + ground.image.reference + " has " +
           (ground.facts.libc.empty() ? "no libc" : ground.facts.libc) +
           ", wanted " + needs.libc;
  }
  if (std::string reason = unmet_tool(needs, ground); !reason.empty()) {
    return reason;
  }
  return unmet_feature(needs, ground);
}

}  // namespace

std::string unmet_need(const scenario::Scenario& scenario,
                       const Ground& ground) {
  if (std::string reason = unmet_rung(scenario, ground); !reason.empty()) {
    return reason;
  }
  return unmet_in(scenario.needs, ground);
}

const scenario::Xfail* expected_failure(const scenario::Scenario& scenario,
                                        const Ground& ground) {
  for (const scenario::Xfail& xfail : scenario.xfails) {
    const bool here =
        xfail.image.empty() ||
        ::fnmatch(xfail.image.c_str(), ground.image.reference.c_str(), 0) == 0;
    if (here && unmet_in(xfail.when, ground).empty()) return &xfail;
  }
  return nullptr;
}

}  // namespace driftcage::plan
