// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/planner.h"

#include <algorithm>
#include <utility>

#include "harness/plan/effects.h"
#include "harness/plan/needs.h"
#include "harness/plan/steps.h"
#include "harness/plan/variables.h"
#include "harness/scenario/variables.h"

namespace driftcage::plan {
namespace {

using model::Verb;
using scenario::Leg;

constexpr std::uint32_t bit(Verb verb) {
  return 1u << static_cast<unsigned>(verb);
}

template <class Visit>
void each_line(const scenario::Expect& expect, Visit visit) {
  for (const auto* lines : {&expect.see, &expect.never, &expect.keep}) {
    for (const model::EventLine& line : *lines) line.each(visit);
  }
}

// Exec, open and stat always: a record without them explains nothing. The rest
// costs stops and is traced when a line speaks of it.
std::uint32_t traced_verbs(const scenario::Expect& expect) {
  std::uint32_t verbs = bit(Verb::Exec) | bit(Verb::Open) | bit(Verb::Stat);
  each_line(expect, [&verbs](const model::EventLine& line) {
    verbs |= line.verb
                 ? bit(*line.verb)
                 : bit(Verb::Readlink) | bit(Verb::Mkdir) | bit(Verb::Getcwd);
    if (line.syscall) {
      if (const auto verb = model::verb_of(*line.syscall)) verbs |= bit(*verb);
    }
  });
  return verbs;
}

// A line about $GOROOT on an image without Go can neither hold nor fail.
std::string missing_in_lines(
    const scenario::Expect& expect,
    const std::map<std::string, std::string>& variables) {
  std::string missing;
  each_line(expect, [&](const model::EventLine& line) {
    for (const auto& text : {line.subject, line.by}) {
      for (const auto& use : scenario::variable_uses(text)) {
        const std::string name(use.name);
        if (missing.empty() && is_go_variable(name) &&
            !variables.contains(name)) {
          missing = name;
        }
      }
    }
  });
  return missing;
}

bool is_lifted(const scenario::Fix* fix, const std::string& fault) {
  return fix != nullptr && std::find(fix->lift.begin(), fix->lift.end(),
                                     fault) != fix->lift.end();
}

base::Result<LegPlan> plan_leg(const scenario::Scenario& scenario,
                               const Ground& ground, Expander& expand, Leg leg,
                               const scenario::Fix* fix) {
  std::vector<std::string> argv =
      scenario.steps.empty()
          ? expand.command(scenario.run)
          : DRIFTCAGE_TRY(steps_command(scenario.steps, leg, expand));
  model::CageSpec healthy = healthy_cage(ground.image, std::move(argv));
  healthy.timeout_ms = scenario.timeout_ms;
  healthy.trace.engine = model::Engine::Seccomp;
  healthy.trace.verbs = traced_verbs(scenario.expect);

  LegBuilder builder(ground, expand, std::move(healthy), scenario.cache);
  DRIFTCAGE_CHECK_OK(builder.add(scenario.baseline));
  if (leg != Leg::Control) {
    for (const scenario::Fault& fault : scenario.faults) {
      if (is_lifted(fix, fault.id)) continue;
      DRIFTCAGE_CHECK_OK(builder.add(fault.effects));
    }
  }
  if (fix != nullptr) {
    DRIFTCAGE_CHECK_OK(builder.add(fix->effects));
    builder.add_fix_commands(fix->run);
  }
  LegPlan plan;
  plan.leg = leg;
  plan.name = leg == Leg::Control ? "control"
              : leg == Leg::Fault ? "fault"
                                  : "fix:" + fix->id;
  plan.decoy = fix != nullptr && fix->wrong;
  plan.spec = builder.finish();
  // A call that is to be answered must stop.
  plan.spec.trace.verbs |= model::verbs_of(plan.spec.injections);
  return plan;
}

}  // namespace

base::Result<ScenarioPlan> make_plan(const scenario::Scenario& scenario,
                                     const Ground& ground) {
  ScenarioPlan plan;
  plan.scenario = &scenario;
  plan.image = ground.image.reference;
  plan.variables = healthy_variables(ground);
  plan.skip = unmet_need(scenario, ground);
  if (!plan.skip.empty()) return plan;
  plan.xfail = expected_failure(scenario, ground);

  Expander expand(plan.variables);
  const auto add = [&](Leg leg, const scenario::Fix* fix) -> base::Status {
    plan.legs.push_back(
        DRIFTCAGE_TRY(plan_leg(scenario, ground, expand, leg, fix)));
    return {};
  };
  if (!scenario.fault_leg_only) {
    DRIFTCAGE_CHECK_OK(add(Leg::Control, nullptr));
  }
  DRIFTCAGE_CHECK_OK(add(Leg::Fault, nullptr));
  if (!scenario.fault_leg_only) {
    for (const scenario::Fix& fix : scenario.fixes) {
      DRIFTCAGE_CHECK_OK(add(Leg::Fix, &fix));
    }
  }
  std::string missing = expand.missing();
  if (missing.empty()) {
    missing = missing_in_lines(scenario.expect, plan.variables);
  }
  if (!missing.empty()) {
    const bool has_go = !ground.facts.go_env.empty();
    plan.skip = has_go && is_of_other_go(missing)
                    ? "no second Go in image " + ground.image.reference
                    : "$" + missing + " is not known: no go on PATH of image " +
                          ground.image.reference;
    plan.legs.clear();
  }
  return plan;
}

base::Result<std::vector<model::CageSpec>> plan_collect(
    const scenario::Scenario& scenario, const Ground& ground,
    const std::string& leg_name) {
  std::vector<model::CageSpec> specs;
  if (scenario.collect.empty()) return specs;
  const ScenarioPlan plan = DRIFTCAGE_TRY(make_plan(scenario, ground));
  Expander expand(plan.variables);
  for (const LegPlan& leg : plan.legs) {
    if (leg.name != leg_name) continue;
    for (const auto& command : scenario.collect) {
      model::CageSpec& spec = specs.emplace_back(leg.spec);
      spec.argv = expand.command(command);
      spec.trace.engine = model::Engine::Untraced;
      spec.injections.clear();
    }
  }
  return specs;
}

model::CageSpec healthy_cage(const image::Image& image,
                             std::vector<std::string> argv) {
  model::CageSpec spec;
  spec.root = image.root;
  spec.root_is_host = image.is_host;
  spec.root_own_ids = !image.is_host && !image.has_owners;
  spec.masks = image.masks;
  spec.let_in = image.let_in;
  spec.ops.emplace_back(model::op::MakeDirectory{kWork, 0755});
  spec.ops.emplace_back(model::op::MakeDirectory{kHome, 0755});
  spec.argv = std::move(argv);
  spec.environment = image.environment;
  spec.environment["HOME"] = kHome;
  // As a shell would set it: Go trusts PWD and then asks no getcwd.
  spec.environment["PWD"] = kWork;
  spec.directory = kWork;
  spec.uid = image.uid;
  spec.gid = image.gid;
  spec.groups = image.groups;
  if (image.has_owners) {
    spec.owner_uid = image.uid;
    spec.owner_gid = image.gid;
  }
  spec.trace.engine = model::Engine::Untraced;
  return spec;
}

}  // namespace driftcage::plan
