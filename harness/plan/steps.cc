// SPDX-License-Identifier: Apache-2.0
#include "harness/plan/steps.h"

#include "harness/base/shell_word.h"
#include "harness/scenario/steps.h"

namespace driftcage::plan {
namespace {

// A subshell, so that nothing of a step is left for the next one.
base::Result<std::string> subshell(const scenario::Step& step,
                                   Expander& expand) {
  std::string script = "(";
  for (const auto& [name, value] : step.env) {
    if (value) {
      // env(1) would need its place on PATH, which a step may change.
      script += "export " + name + '=' +
                base::shell_word(DRIFTCAGE_TRY(expand.text(*value))) + "; ";
    } else {
      script += "unset " + name + "; ";
    }
  }
  script += "exec";
  for (const std::string& argument : expand.command(step.run)) {
    script += ' ' + base::shell_word(argument);
  }
  return script + ")\n";
}

}  // namespace

base::Result<std::vector<std::string>> steps_command(
    const std::vector<scenario::Step>& steps, scenario::Leg leg,
    Expander& expand) {
  const std::string mark(scenario::kStepMark);
  std::string script;
  for (const scenario::Step& step : steps) {
    if (!step.runs_in(leg)) continue;
    script += DRIFTCAGE_TRY(subshell(step, expand));
    script += "code=$?; printf '" + mark + "%s\\n' $code; printf '" + mark +
              "%s\\n' $code >&2\n";
  }
  return std::vector<std::string>{"/bin/sh", "-c", script + "exit $code\n"};
}

}  // namespace driftcage::plan
