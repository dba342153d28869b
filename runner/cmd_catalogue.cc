// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>

#include "harness/base/sys.h"
#include "harness/model/verdict.h"
#include "harness/report/catalogue.h"
#include "runner/catalog.h"
#include "runner/commands.h"
#include "runner/handle.h"
#include "runner/terminal.h"

namespace driftcage::runner {
namespace {

struct Options {
  std::vector<std::string> records;
  std::string pages;
};

constexpr const char* kHead =
    "# The catalogue\n"
    "\n"
    "Every shipped case with its verdict on the Gos it was run on. Made by "
    "`driftcage catalogue`\n"
    "from run records; do not edit.\n";

base::Status write_pages(const std::vector<scenario::Scenario>& scenarios,
                         const std::vector<report::CatalogueRun>& runs,
                         const std::string& folder) {
  DRIFTCAGE_CHECK_OK(base::sys::make_directories(folder, 0755));
  for (const scenario::Scenario& scenario : scenarios) {
    DRIFTCAGE_CHECK_OK(
        base::sys::write_file(folder + "/" + report::case_file(scenario.id),
                              report::case_text(scenario, runs)));
  }
  return base::sys::write_file(
      folder + "/README.md",
      "# Cases by symptom\n\nMade by `driftcage catalogue`; do not edit. "
      "`driftcage explain` searches here.\n\n" +
          report::symptom_index(scenarios));
}

int catalogue(const Options& options) {
  const auto selection = select_scenarios({});
  if (!selection) {
    print_error(selection.error());
    return model::kExitUsage;
  }
  const Loaded loaded = load_scenarios(selection->files);
  if (loaded.mistakes > 0) {
    write_err(loaded.report);
    return model::kExitUsage;
  }
  std::vector<report::CatalogueRun> runs;
  for (const std::string& record : options.records) {
    auto read = report::read_catalogue_runs(record);
    if (!read) {
      print_error(read.error());
      return exit_code_of(read.error());
    }
    for (report::CatalogueRun& run : *read)
      report::add_run(std::move(run), &runs);
  }
  std::string link;
  if (!options.pages.empty()) {
    if (auto written = write_pages(loaded.scenarios, runs, options.pages);
        !written) {
      print_error(written.error());
      return model::kExitHost;
    }
    link = options.pages.substr(options.pages.find_last_of('/') + 1);
  }
  write_out(kHead + report::catalogue_text(loaded.scenarios, runs, link));
  return model::kExitGood;
}

}  // namespace

void add_catalogue(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "catalogue", "Write the scenarios and their verdicts as Markdown");
  command->allow_extras();
  command
      ->add_option("records", options->records,
                   "Run records, one column per image and Go; a later one\n"
                   "completes and corrects an earlier one of the same")
      ->option_text("[RECORD...]");
  command
      ->add_option("--pages", options->pages,
                   "Also write a page per case into this folder")
      ->option_text("DIR");
  command->footer(
      "Examples:\n"
      "  driftcage run --record old && PATH=~/go1.24/bin:$PATH driftcage run "
      "--record new\n"
      "  driftcage catalogue old new --pages docs/catalogue "
      ">docs/catalogue.md");
  command->callback([options, &chosen] {
    chosen = [options] { return catalogue(*options); };
  });
}

}  // namespace driftcage::runner
