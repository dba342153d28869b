// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "harness/model/verdict.h"
#include "harness/report/run_diff.h"
#include "runner/commands.h"
#include "runner/terminal.h"

namespace driftcage::runner {
namespace {

struct Options {
  std::string before;
  std::string after = "latest";
  bool across = false;
  bool json = false;
  ColorMode color = ColorMode::Auto;
};

base::Result<std::vector<report::ResultChange>> compare(
    const Options& options) {
  const auto open = [](const std::string& name) -> base::Result<run::Record> {
    return run::Record::open(DRIFTCAGE_TRY(run::find_record(name)));
  };
  const run::Record before = DRIFTCAGE_TRY(open(options.before));
  const run::Record after = DRIFTCAGE_TRY(open(options.after));
  return report::diff_runs(before, after, options.across);
}

int diff(const Options& options) {
  const auto changes = compare(options);
  if (!changes) {
    print_error(changes.error());
    return model::kExitUsage;
  }
  write_out(options.json
                ? report::diff_json(*changes)
                : report::diff_text(*changes,
                                    use_color(options.color, STDOUT_FILENO)));
  const bool worse =
      std::any_of(changes->begin(), changes->end(), [](const auto& change) {
        const auto verdict = model::verdict_from_name(change.after);
        return change.change == report::Change::Worse ||
               (change.change == report::Change::New && verdict &&
                !model::is_good(*verdict));
      });
  return worse ? model::kExitBadVerdict : model::kExitGood;
}

}  // namespace

void add_diff(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "diff", "Show what two runs tell differently, the worst first");
  command->add_option("before", options->before, "The earlier run")
      ->required()
      ->option_text("BEFORE");
  command
      ->add_option("after", options->after,
                   "The later one; latest if not given")
      ->option_text("[AFTER]");
  command->add_flag("--across-images", options->across,
                    "Pair results by id alone: each run on one image");
  command->add_flag("--json", options->json, "The changes, as JSON");
  command->add_option("--color", options->color, "Colours in the text")
      ->transform(CLI::Transformer(color_modes(), CLI::ignore_case))
      ->option_text("auto|always|never");
  command->footer(
      "Exit code 1 when something has become worse: bad verdicts that were\n"
      "there before are accepted.\n"
      "\n"
      "Examples:\n"
      "  driftcage diff baseline            against the last run\n"
      "  driftcage diff 7f3a 9c01\n"
      "  driftcage diff on-bookworm on-trixie --across-images");
  command->callback(
      [options, &chosen] { chosen = [options] { return diff(*options); }; });
}

}  // namespace driftcage::runner
