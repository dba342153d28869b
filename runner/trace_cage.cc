// SPDX-License-Identifier: Apache-2.0
#include "runner/trace_cage.h"

#include <unistd.h>

#include <algorithm>
#include <map>
#include <utility>

#include "harness/base/environment.h"
#include "harness/base/path.h"
#include "harness/image/open.h"
#include "harness/plan/planner.h"
#include "runner/image_options.h"
#include "runner/process.h"
#include "runner/terminal.h"

namespace driftcage::runner {
namespace {

// Whether the caller's file `path` cannot be seen in the cage.
bool is_hidden(const model::CageSpec& spec, const std::string& path) {
  return base::path::is_below(path, plan::kTmp) ||
         std::any_of(spec.masks.begin(), spec.masks.end(),
                     [&path](const std::string& mask) {
                       return base::path::is_below(path, mask);
                     });
}

// Variables whose value must fit the cage, not the caller: home is empty
// there, and the image's PATH is the caller's without what is hidden.
bool belongs_to_the_cage(const model::CageSpec& spec, const std::string& name,
                         const std::string& value) {
  if (name == "TMPDIR") return is_hidden(spec, value);
  return name == "HOME" || name == "PATH" || name == "PWD" ||
         name == "OLDPWD" || name == "USER" || name == "LOGNAME" ||
         name.starts_with("XDG_");
}

// A failure may come from a folder of PATH that the cage does not have.
void tell_what_path_lost(const std::map<std::string, std::string>& variables,
                         const model::CageSpec& spec) {
  const auto callers = variables.find("PATH");
  if (callers == variables.end() || !is_terminal(STDERR_FILENO)) return;
  const auto kept = base::path::split_list(spec.environment.at("PATH"));
  for (const std::string& folder : base::path::split_list(callers->second)) {
    if (!is_hidden(spec, folder) ||
        std::find(kept.begin(), kept.end(), folder) != kept.end()) {
      continue;
    }
    write_err("note: the cage does not have " + folder +
              ", which is left out of PATH\n");
  }
}

}  // namespace

base::Result<TraceCage> trace_cage(const std::string& image_name,
                                   const std::vector<std::string>& argv) {
  const auto variables = base::environment();
  image::Image image = DRIFTCAGE_TRY(open_shown(image_name, variables));
  const std::string here = DRIFTCAGE_TRY(working_directory());
  model::CageSpec spec = plan::healthy_cage(image, argv);
  // Of another machine the caller's variables know nothing.
  const bool host = image.reference == "host";
  for (const auto& [name, value] : variables) {
    if (host ? !belongs_to_the_cage(spec, name, value)
             : name == "TERM" || name == "LANG" || name.starts_with("LC_")) {
      spec.environment[name] = value;
    }
  }
  if (here != "/")
    spec.ops.emplace_back(model::op::MountTree{
        here, here, /*read_only=*/false, /*noexec=*/false, /*own_ids=*/true});
  spec.directory = here;
  spec.environment["PWD"] = here;
  spec.timeout_ms = 0;
  if (host) tell_what_path_lost(variables, spec);
  spec.trace.engine = model::Engine::Seccomp;
  return TraceCage{std::move(spec), std::move(image.lease)};
}

match::Variables trace_variables(const model::CageSpec& spec) {
  match::Variables variables{{"WORK", spec.directory}, {"TMP", plan::kTmp}};
  const auto home = spec.environment.find("HOME");
  if (home != spec.environment.end()) variables["HOME"] = home->second;
  return variables;
}

}  // namespace driftcage::runner
