// SPDX-License-Identifier: Apache-2.0
#include "runner/new_shell.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/base/environment.h"
#include "harness/base/sys.h"
#include "harness/image/open.h"
#include "harness/mine/shell_drift.h"
#include "harness/plan/planner.h"
#include "harness/report/escape.h"
#include "harness/run/interact.h"
#include "runner/image_options.h"
#include "runner/process.h"
#include "runner/terminal.h"

namespace driftcage::runner {
namespace {

// Below $HOME, so that it leaves the cage with what is kept of it.
constexpr const char* kLines = ".driftcage-lines";
constexpr const char* kBefore = ".driftcage-before";
constexpr const char* kAfter = ".driftcage-after";

// What bash runs at its start. env -0 is not everywhere; /proc tells what a
// child gets. Each line is logged when the next prompt comes, and the last one
// at the end.
std::string start_up_file(const std::string& home) {
  return fmt::format(
      R"bash(cat /proc/self/environ >{0}/{1}
PS1='[drift] \w \$ '
unset HISTFILE HISTTIMEFORMAT
HISTCONTROL=
__driftcage_at=$PWD
__driftcage_log() {{
  printf '%s\0%s\0%s\0' "$?" "$__driftcage_at" "$(history 1)" >>{0}/{2}
  __driftcage_at=$PWD
}}
PROMPT_COMMAND=__driftcage_log
trap '__driftcage_log; cat /proc/self/environ >{0}/{3}' EXIT
)bash",
      home, kBefore, kLines, kAfter);
}

}  // namespace

base::Result<std::vector<scenario::GivenEffect>> drift_in_shell(
    const std::string& reference,
    const std::map<std::string, std::string>& files,
    const std::vector<std::string>& command, const std::string& scratch) {
  const image::Image image =
      DRIFTCAGE_TRY(open_shown(reference, base::environment()));
  const std::string bash = image::find_program(image, "bash");
  if (bash.empty()) {
    return base::fail("open a shell", reference, 0,
                      "the image has no bash, which keeps a history; give the "
                      "fault as options");
  }
  model::CageSpec spec = plan::healthy_cage(image, {});
  const std::string home = plan::kHome;
  const std::string file = home + "/.driftcage-shell";
  spec.argv = {bash, "--noprofile", "--rcfile", file, "-i"};
  spec.ops.emplace_back(model::op::WriteFile{file, start_up_file(home)});
  for (const auto& [name, text] : files) {
    spec.ops.emplace_back(
        model::op::WriteFile{std::string(plan::kWork) + "/" + name, text});
  }
  const std::string term = variable("TERM");
  spec.environment["TERM"] = term.empty() ? "dumb" : term;
  spec.timeout_ms = 0;  // people take their time
  spec.keep_into = scratch + "/kept";
  spec.keep = {home};
  write_err(fmt::format(
      "A healthy cage. Break it until this fails: {}\n"
      "Variables that you export and lines that change files become the fault; "
      "exit or Ctrl-D ends it.\n",
      fmt::join(command, " ")));
  const run::Interaction done = DRIFTCAGE_TRY(run::interact(std::move(spec)));
  if (done.signal != 0) {
    return base::fail("break the cage", reference, 0,
                      "the terminal went away, or a signal ended it");
  }
  const wire::End& end = done.end;
  if (end.outcome != wire::Outcome::Finished) {
    return tl::make_unexpected(end.error);
  }
  const std::string kept = scratch + "/kept/0/";
  const auto before = DRIFTCAGE_TRY(base::sys::read_file(kept + kBefore));
  const auto after = DRIFTCAGE_TRY(base::sys::read_file(kept + kAfter));
  // The shell writes it by cat(1), which a broken PATH hides from it as well.
  if (after.empty()) {
    return base::fail("read what was exported", reference, 0,
                      "the shell could not run cat at its end; give the fault "
                      "as an option, as in --env PATH=/nowhere");
  }
  // No line typed, no file.
  const auto typed = base::sys::read_file(kept + kLines);
  auto drift = mine::shell_drift(
      mine::environment_of(before), mine::environment_of(after),
      mine::typed_lines(typed.value_or("")), command, plan::kWork);
  for (const mine::TypedLine& line : drift.failed) {
    write_err(fmt::format("left out, it ended with {}: {}\n", line.status,
                          report::printable(line.text)));
  }
  if (drift.effects.empty()) {
    return base::fail("take over what was done", {}, 0,
                      "nothing was exported and no line changed a file");
  }
  return drift.effects;
}

}  // namespace driftcage::runner
