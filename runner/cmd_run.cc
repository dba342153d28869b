// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <memory>

#include "harness/model/verdict.h"
#include "harness/report/text.h"
#include "harness/run/suite.h"
#include "runner/catalog.h"
#include "runner/commands.h"
#include "runner/image_options.h"
#include "runner/terminal.h"

namespace driftcage::runner {
namespace {

struct Options {
  std::vector<std::string> selected;
  run::SuiteOptions suite;
  bool verbose = false;
  bool quiet = false;
  ColorMode color = ColorMode::Auto;
};

// Results go to standard output as they come. What is going on now goes to
// standard error: as one line at the bottom of a terminal, else as plain lines
// for the slow preparations only.
class Progress : public run::SuiteObserver {
 public:
  Progress(const report::TextStyle& style, std::size_t scenarios)
      : style_(style), total_(scenarios) {}

  void preparing(const std::string& what) override {
    if (line_.enabled())
      line_.show(what + " ...");
    else if (style_.verbosity >= 0)
      write_err(what + "\n");
  }

  void started(std::size_t scenarios, std::size_t jobs) override {
    total_ = scenarios;
    jobs_ = jobs;
    show();
  }

  void finished(const run::ScenarioResult& result) override {
    ++done_;
    if (!model::is_good(result.judgement.verdict)) ++bad_;
    const std::string text = report::scenario_text(result, style_);
    if (!text.empty()) {
      line_.clear();
      write_out(text);
    }
    show();
  }

  void close() { line_.clear(); }

  // What opening images tells.
  void opening(image::Said said, const std::string& what) {
    if (said == image::Said::Step || line_.enabled()) preparing(what);
  }

 private:
  void show() {
    line_.show(fmt::format("{}/{} scenarios, {} bad, {} at a time", done_,
                           total_, bad_, jobs_));
  }

  report::TextStyle style_;
  StatusLine line_;
  std::size_t total_ = 0;
  std::size_t jobs_ = 1;
  std::size_t done_ = 0;
  std::size_t bad_ = 0;
};

int run_scenarios(const Options& options) {
  const auto selection = select_scenarios(options.selected);
  if (!selection) {
    print_error(selection.error());
    return model::kExitUsage;
  }
  if (!selection->nothing.step.empty()) {
    print_error(selection->nothing);
    return model::kExitNothingSelected;
  }
  const Loaded loaded = load_scenarios(selection->files);
  if (loaded.mistakes > 0) {
    write_err(loaded.report);
    write_err(fmt::format("{} mistake{}, nothing was run\n", loaded.mistakes,
                          loaded.mistakes == 1 ? "" : "s"));
    return model::kExitUsage;
  }

  report::TextStyle style;
  style.color = use_color(options.color, STDOUT_FILENO);
  style.width = terminal_width(STDOUT_FILENO);
  style.verbosity = options.quiet ? -1 : options.verbose ? 1 : 0;
  Progress progress(style, loaded.scenarios.size());
  run::SuiteOptions suite = options.suite;
  suite.open =
      open_options([&progress](image::Said said, const std::string& what) {
        progress.opening(said, what);
      });
  const auto result = run::run_suite(loaded.scenarios, suite, progress);
  progress.close();
  if (!result) {
    print_error(result.error());
    return model::kExitHost;
  }
  write_out(report::summary_text(*result, style));
  return result->exit_code(options.suite);
}

}  // namespace

void add_run(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("run", "Run scenarios and judge what they show");
  command->allow_extras();
  command
      ->add_option("selected", options->selected,
                   "Ids, folders, globs or files; all when none is given")
      ->option_text("[PATH|ID...]");
  command
      ->add_option("-j,--jobs", options->suite.jobs,
                   "Scenarios at a time; one per CPU when not given")
      ->check(CLI::Range(1u, 4096u))
      ->option_text("N");
  command
      ->add_option("--image", options->suite.images,
                   "Image to run on, host when none is given; may be given\n"
                   "several times; see driftcage image --help")
      ->allow_extra_args(false)
      ->option_text("REF");
  command
      ->add_option("--record", options->suite.record_folder,
                   "Folder for the run record, instead of a new one")
      ->option_text("DIR");
  command->add_flag("--require-strong", options->suite.require_strong,
                    "Exit code 5 when a scenario has no control leg");
  command
      ->add_option("--max-skips", options->suite.max_skips,
                   "Exit code 5 when more scenarios are skipped")
      ->check(CLI::Range(0, 1'000'000))
      ->option_text("N");
  command->add_flag("--verdict-only", options->suite.verdict_only,
                    "Trace only what the event lines need: faster, but a bad\n"
                    "result shows fewer closest events");
  CLI::Option* verbose = command->add_flag("-v,--verbose", options->verbose,
                                           "Also show what matched");
  command->add_flag("-q,--quiet", options->quiet, "Show bad results only")
      ->excludes(verbose);
  command->add_option("--color", options->color, "Colours in the report")
      ->transform(CLI::Transformer(color_modes(), CLI::ignore_case))
      ->option_text("auto|always|never");
  command->footer(
      "Examples:\n"
      "  driftcage run                     all scenarios, on this machine\n"
      "  driftcage run go/goenv-off        one, by its id\n"
      "  driftcage run go 'elf/*' -j 4     a folder and a glob\n"
      "  driftcage run ./my.toml -v        a file, with the events that "
      "matched\n"
      "  driftcage run --image bookworm-go1.19 --image trixie-go1.24 go");
  command->callback([options, &chosen] {
    chosen = [options] { return run_scenarios(*options); };
  });
}

}  // namespace driftcage::runner
