// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/model/cage_spec.h"
#include "harness/plan/planner.h"
#include "harness/plan/variables.h"
#include "harness/scenario/scenario.h"

namespace driftcage::plan {

// Turns the effects of one leg, stage by stage (baseline, faults, fix), into a
// cage spec.
//
// Within a stage the order is that of docs/scenario-format.md: environment, new
// mounts, files, modes, damage, hiding, mounts that only change flags, the
// process, commands. So a file can be put into a mount of the same stage, and
// commands see all that the stage did.
class LegBuilder {
 public:
  LegBuilder(const Ground& ground, Expander& expand, model::CageSpec healthy,
             scenario::CacheState cache);

  base::Status add(const scenario::Effects& effects);
  // The commands of a fix: a failing one may be part of a decoy.
  void add_fix_commands(const std::vector<std::vector<std::string>>& commands);
  [[nodiscard]] model::CageSpec finish();

 private:
  base::Status add_environment(const scenario::Effects& effects);
  base::Status add_tree(const scenario::Effects& effects);
  base::Status add_mount(const scenario::MountChange& mount);
  base::Status add_files(const std::vector<scenario::FileChange>& files);
  base::Status set_identity(const scenario::Effects& effects);
  void set_surroundings(const scenario::Effects& effects);
  void add_command(const std::vector<std::string>& argv, bool may_fail);

  // A command that must see the environment of its own stage, although a later
  // one changes it.
  struct Command {
    std::size_t op = 0;  // index in spec_.ops
    std::map<std::string, std::string> environment;
  };

  const Ground& ground_;
  Expander& expand_;
  model::CageSpec spec_;
  scenario::CacheState cache_;
  std::size_t cache_op_;  // where a warm cache goes in spec_.ops
  std::vector<Command> commands_;
};

}  // namespace driftcage::plan
