// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>
#include <system_error>

#include "harness/model/verdict.h"
#include "harness/report/formats.h"
#include "harness/run/merge.h"
#include "harness/scenario/diagnostic.h"
#include "runner/commands.h"
#include "runner/handle.h"
#include "runner/run_options.h"
#include "runner/selection.h"
#include "runner/terminal.h"

namespace driftcage::runner {
namespace {

struct Options {
  std::vector<std::string> words;
  RunOptions run;
};

// What of an earlier run is to be run again.
struct Again {
  std::string what = "open";  // what is not settled: failed and missed
  std::string run = "latest";
};

Again read_words(const std::vector<std::string>& words) {
  Again again;
  for (const std::string& word : words) {
    if (word == "failed" || word == "missed" || word == "all") {
      again.what = word;
    } else {
      again.run = word;
    }
  }
  return again;
}

struct Wanted {
  std::set<run::ItemName> items;
  std::vector<std::string> select;  // files, or ids where there is no file
};

base::Result<Wanted> wanted_of(const run::Record& record,
                               const std::string& what) {
  Wanted wanted;
  std::set<std::string> files;
  const bool failed = what == "failed" || what == "open" || what == "all";
  for (const run::Summary& summary : record.results()) {
    if (!failed || (what != "all" && model::is_good(summary.verdict))) continue;
    wanted.items.emplace(summary.id, summary.image, summary.round);
    const auto result = run::Record::load_or_error(summary);
    std::error_code code;
    const std::string& file = result.scenario.file;
    files.insert(std::filesystem::exists(file, code) ? file : summary.id);
  }
  if (what != "failed") {
    for (const run::PlannedItem& item : record.missing()) {
      wanted.items.emplace(item.id, item.image, item.round);
      files.insert(item.id);
    }
  }
  wanted.select.assign(files.begin(), files.end());
  return wanted;
}

// With --repeat N each of them again in the rounds up to N, too.
std::set<run::ItemName> all_rounds(const std::set<run::ItemName>& wanted,
                                   unsigned repeat) {
  std::set<run::ItemName> items = wanted;
  if (repeat == 1) return items;
  for (const auto& [id, image, ignored] : wanted) {
    for (unsigned round = 0; round < repeat; ++round)
      items.emplace(id, image, round);
  }
  return items;
}

int rerun(const Options& given) {
  RunOptions options = given.run;
  const Again again = read_words(given.words);
  const auto requests = report_requests(options);
  if (!requests) {
    print_error(requests.error());
    return model::kExitUsage;
  }
  const auto folder = run::find_record(again.run);
  auto record =
      folder ? run::Record::open(*folder) : tl::make_unexpected(folder.error());
  if (!record) {
    base::Error error = record.error();
    const std::string near =
        scenario::nearest(again.run, {"failed", "missed", "all"});
    if (!folder && !near.empty()) error.hint = "did you mean " + near + "?";
    print_error(error);
    return exit_code_of(error);
  }
  if (record->is_running()) {
    print_error({"run again", record->folder(), 0,
                 "the run still goes on: wait for its end, or stop it"});
    return model::kExitUsage;
  }
  record->check_results();
  const auto wanted = wanted_of(*record, again.what);
  if (!wanted) {
    print_error(wanted.error());
    return model::kExitHost;
  }
  if (auto ready = resolve(options); !ready) {
    print_error(ready.error());
    return model::kExitUsage;
  }
  if (wanted->items.empty()) {
    write_err(fmt::format("nothing to run again in {}: {}",
                          record->suite().run_id,
                          report::summary_text(record->suite(), {})));
    // Nobody knows what those that are not there would say.
    const bool gaps = warn_of_gaps(*record);
    if (gaps && again.what == "failed")
      write_err("driftcage: rerun missed runs what was not run\n");
    run::SuiteResult suite = record->suite();
    suite.signal = 0;  // that was then
    const int code =
        finish(*record, *requests, options, suite.exit_code(options.suite));
    return gaps && code == model::kExitGood ? model::kExitInconclusive : code;
  }
  options.selection.selected = wanted->select;
  options.selection.images.clear();
  for (const auto& image : record->head().images) {
    options.selection.images.push_back(image.reference);
  }
  const std::set<run::ItemName> items =
      all_rounds(wanted->items, options.suite.schedule.repeat);
  options.suite.schedule.only = &items;
  // Of which `only` leaves what is wanted.
  unsigned& repeat = options.suite.schedule.repeat;
  repeat = std::max(repeat, record->head().repeat);
  const auto chosen =
      choose(options.selection, Mistakes::Refuse, Contents::Heads);
  if (!chosen) return chosen.error();
  const auto complete =
      [&](const std::string& fresh) -> base::Result<run::Record> {
    DRIFTCAGE_CHECK_OK(run::carry_over(*record, fresh));
    auto whole = DRIFTCAGE_TRY(run::Record::open(fresh));
    if (!options.quiet && options.format == "text") {
      write_out(fmt::format("with those of {}: {}", record->suite().run_id,
                            report::summary_text(whole.suite(), {})));
    }
    return whole;
  };
  return execute(options, chosen->set, chosen->expression, *requests, complete);
}

}  // namespace

void add_rerun(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "rerun", "Run again what was bad or missed, and keep the rest");
  command
      ->add_option("words", options->words,
                   "failed: bad results; missed: planned and not run; all;\nof "
                   "RUN, or of the latest run. Failed and missed when none of "
                   "them is given")
      ->option_text("[failed|missed|all] [RUN]");
  add_run_options(*command, options->run);
  command->footer(
      "The new record is complete: results that are not run again are taken\n"
      "over from the earlier one, which stays as it is.\n"
      "\n"
      "Examples:\n"
      "  driftcage rerun\n"
      "  driftcage rerun failed 7f3a --keep fail --on-fail shell\n"
      "  driftcage rerun ./ci-artifact --report junit=junit.xml");
  command->callback(
      [options, &chosen] { chosen = [options] { return rerun(*options); }; });
}

}  // namespace driftcage::runner
