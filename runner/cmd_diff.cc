// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "harness/mine/leg_diff.h"
#include "harness/model/verdict.h"
#include "harness/report/run_diff.h"
#include "runner/color_option.h"
#include "runner/commands.h"
#include "runner/handle.h"
#include "runner/terminal.h"

namespace driftcage::runner {
namespace {

struct Options {
  std::string before;
  std::string after;
  bool across = false;
  bool all = false;
  bool json = false;
  ColorMode color = ColorMode::Auto;
};

struct Compared {
  std::vector<report::ResultChange> changes;
  bool gaps = false;  // results are missing
};

base::Result<Compared> compare(const Options& options) {
  const auto open = [](const std::string& name) -> base::Result<run::Record> {
    const std::string folder = DRIFTCAGE_TRY(run::find_record(name));
    auto record = DRIFTCAGE_TRY(run::Record::open(folder));
    record.check_results();
    return record;
  };
  const run::Record before = DRIFTCAGE_TRY(open(options.before));
  const run::Record after =
      DRIFTCAGE_TRY(open(options.after.empty() ? "latest" : options.after));
  // Asked for by two names, it is a way to see that a run is readable.
  if (options.after.empty() && before.folder() == after.folder()) {
    return base::fail("compare runs", options.before, 0,
                      "that is the last run itself: name the earlier one, or "
                      "one of its scenarios as RUN/ID");
  }
  Compared compared;
  compared.gaps = warn_of_gaps(before);
  compared.gaps = warn_of_gaps(after) || compared.gaps;
  compared.changes =
      DRIFTCAGE_TRY(report::diff_runs(before, after, options.across));
  return compared;
}

// RUN/ID alone: the legs of that scenario. Nothing when it names a whole run.
std::optional<int> diff_one(const Options& options) {
  if (!options.after.empty()) return std::nullopt;
  const auto handle = resolve_handle(options.before);
  if (!handle) {
    // What names no run either is told by the comparison of runs.
    if (options.before.find('/') == std::string::npos) return std::nullopt;
    if (run::find_record(options.before)) return std::nullopt;
    print_error(handle.error());
    return exit_code_of(handle.error());
  }
  if (handle->id.empty()) return std::nullopt;
  const auto result = run::Record::load(handle->first_round());
  const auto legs = result ? mine::diff_legs(*result, options.all)
                           : tl::make_unexpected(result.error());
  if (!legs) {
    print_error(legs.error());
    return exit_code_of(legs.error());
  }
  write_out(options.json
                ? mine::leg_diff_json(*legs)
                : mine::leg_diff_text(*legs, options.all,
                                      use_color(options.color, STDOUT_FILENO)));
  return model::kExitGood;
}

int diff(const Options& options) {
  if (const auto code = diff_one(options)) return *code;
  const auto compared = compare(options);
  if (!compared) {
    print_error(compared.error());
    return exit_code_of(compared.error());
  }
  const auto& changes = compared->changes;
  write_out(options.json
                ? report::diff_json(changes)
                : report::diff_text(changes,
                                    use_color(options.color, STDOUT_FILENO)));
  const bool worse =
      std::any_of(changes.begin(), changes.end(), [](const auto& change) {
        const auto verdict = model::verdict_from_name(change.after);
        return change.change == report::Change::Worse ||
               (change.change == report::Change::New && verdict &&
                !model::is_good(*verdict));
      });
  if (worse) return model::kExitBadVerdict;
  return compared->gaps ? model::kExitInconclusive : model::kExitGood;
}

}  // namespace

void add_diff(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "diff", "Show what two runs, or the legs of one, tell differently");
  command
      ->add_option("before", options->before,
                   "The earlier run; or RUN/ID alone: the scenario's control\n"
                   "leg against its fault leg")
      ->required()
      ->option_text("BEFORE");
  command
      ->add_option("after", options->after,
                   "The later one; latest if not given")
      ->option_text("[AFTER]");
  command->add_flag("--across-images", options->across,
                    "Pair results by id alone: each run on one image");
  command->add_flag("--all", options->all,
                    "Of legs: every line, also what most programs do anyway,\n"
                    "such as looking for locales");
  command->add_flag("--json", options->json, "The changes, as JSON");
  add_color_option(*command, options->color, "Colours in the text");
  command->footer(
      "Of two runs, the worst first; exit code 1 when something has become\n"
      "worse: bad verdicts that were there before are accepted; 5 when "
      "results\n"
      "are missing from one of them. Of two legs, event lines in their order,\n"
      "with variables for places and {n} for numbers that vary.\n"
      "\n"
      "Examples:\n"
      "  driftcage diff baseline            against the last run\n"
      "  driftcage diff 7f3a 9c01\n"
      "  driftcage diff latest/go/goenv-off  what its fault changed\n"
      "  driftcage diff on-bookworm on-trixie --across-images");
  command->callback(
      [options, &chosen] { chosen = [options] { return diff(*options); }; });
}

}  // namespace driftcage::runner
