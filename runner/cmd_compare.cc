// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "harness/model/verdict.h"
#include "harness/report/compare.h"
#include "harness/run/suite.h"
#include "runner/catalog.h"
#include "runner/commands.h"
#include "runner/image_options.h"
#include "runner/terminal.h"

namespace driftcage::runner {
namespace {

enum class Format { Text, Json, Markdown };

struct Options {
  std::string before;
  std::string after;
  std::vector<std::string> selected;
  unsigned jobs = 0;
  std::string record;
  Format format = Format::Text;
  bool all = false;
};

// Pairs the results of the two images. A result holds all that its legs
// printed, so each pair is compared and dropped as soon as it is there.
class Pairing : public run::SuiteObserver {
 public:
  explicit Pairing(report::Comparison& comparison) : comparison_(comparison) {}

  void preparing(const std::string& what) override {
    if (line_.enabled())
      line_.show(what + " ...");
    else
      write_err(what + "\n");
  }
  void started(std::size_t scenarios, std::size_t /*jobs*/,
               const std::string& /*capped_by*/) override {
    total_ = scenarios;
  }
  void finished(const run::ScenarioResult& result) override {
    line_.show(fmt::format("{}/{} scenarios", ++done_, total_));
    const std::string& id = result.scenario.id;
    const auto other = waiting_.find(id);
    if (other == waiting_.end()) {
      waiting_.emplace(id, result);
      return;
    }
    auto pair = report::compare(other->second, result);
    waiting_.erase(other);
    if (pair)
      comparison_.scenarios.push_back(*std::move(pair));
    else if (!error_)
      error_ = std::move(pair).error();
  }
  [[nodiscard]] const std::optional<base::Error>& error() const {
    return error_;
  }
  void close() { line_.clear(); }

 private:
  report::Comparison& comparison_;
  StatusLine line_;
  std::size_t total_ = 0;
  std::size_t done_ = 0;
  std::map<std::string, run::ScenarioResult> waiting_;
  std::optional<base::Error> error_;
};

std::string rendered(const report::Comparison& comparison,
                     const Options& options) {
  constexpr std::size_t kLines = 20;
  const std::size_t limit = options.all ? 0 : kLines;
  switch (options.format) {
    case Format::Json:
      return report::comparison_json(comparison);
    case Format::Markdown:
      return report::comparison_markdown(comparison, limit);
    case Format::Text:
      break;
  }
  return report::comparison_text(comparison, limit);
}

int compare(const Options& options) {
  const auto selection = select_scenarios(options.selected);
  if (!selection) {
    print_error(selection.error());
    return model::kExitUsage;
  }
  if (!selection->nothing.step.empty()) {
    print_error(selection->nothing);
    return model::kExitNothingSelected;
  }
  Loaded loaded = load_scenarios(selection->files);
  if (loaded.mistakes > 0) {
    write_err(loaded.report);
    return model::kExitUsage;
  }
  report::Comparison comparison{options.before, options.after, {}};
  Pairing pairing(comparison);
  run::SuiteOptions suite;
  suite.images = {options.before, options.after};
  suite.jobs = options.jobs;
  suite.record_folder = options.record;
  suite.open =
      open_options([&pairing](image::Said said, const std::string& what) {
        if (said == image::Said::Step || is_terminal(STDERR_FILENO))
          pairing.preparing(what);
      });
  const auto result =
      run::run_suite(run::hold(std::move(loaded.scenarios)), suite, pairing);
  pairing.close();
  if (!result || pairing.error()) {
    print_error(result ? *pairing.error() : result.error());
    return model::kExitHost;
  }
  constexpr int kSignalled = 128;
  if (result->signal != 0) return kSignalled + result->signal;
  write_out(rendered(comparison, options));
  return comparison.got_worse() ? model::kExitBadVerdict : model::kExitGood;
}

}  // namespace

void add_compare(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "compare", "Show what changes from one image to another");
  command->allow_extras();
  command->add_option("before", options->before, "The image as it is")
      ->option_text("REF")
      ->required();
  command->add_option("after", options->after, "The image to come")
      ->option_text("REF")
      ->required();
  command
      ->add_option("selected", options->selected,
                   "Ids, folders, globs or files; all when none is given")
      ->option_text("[PATH|ID...]");
  command
      ->add_option("-j,--jobs", options->jobs,
                   "Scenarios at a time; one per CPU when not given")
      ->check(CLI::Range(1u, 4096u))
      ->option_text("N");
  command
      ->add_option("--record", options->record,
                   "Folder for the run record, instead of a new one")
      ->option_text("DIR");
  static const std::map<std::string, Format> kFormats{
      {"text", Format::Text},
      {"json", Format::Json},
      {"markdown", Format::Markdown}};
  command->add_option("--format", options->format, "What to write")
      ->transform(CLI::Transformer(kFormats, CLI::ignore_case))
      ->option_text("text|json|markdown");
  command->add_flag("--all", options->all,
                    "Every line; without it directories are folded and long\n"
                    "lists cut");
  command->footer(
      "Runs the scenarios on both images. Shows verdicts that changed, and "
      "what "
      "the\nhealthy leg executes, opens, searches and loads on one of them "
      "only. Exit code 1\nwhen a good verdict turned bad, or was not a skip "
      "and is one.\n\n"
      "Examples:\n"
      "  driftcage compare bookworm-go1.19 trixie-go1.24\n"
      "  driftcage compare docker://golang:1.24 docker-daemon:golang:next go\n"
      "  driftcage compare host bookworm-go1.23 --format markdown");
  command->callback(
      [options, &chosen] { chosen = [options] { return compare(*options); }; });
}

}  // namespace driftcage::runner
