// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <stdlib.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <map>
#include <memory>
#include <system_error>
#include <utility>

#include "harness/match/mutants.h"
#include "harness/model/verdict.h"
#include "harness/report/mutation_table.h"
#include "harness/run/scenario_set.h"
#include "harness/run/suite.h"
#include "runner/commands.h"
#include "runner/image_options.h"
#include "runner/run_options.h"
#include "runner/selection.h"
#include "runner/terminal.h"

namespace driftcage::runner {
namespace {

using match::Mutant;

struct Options {
  SelectionOptions selection;
  unsigned jobs = 0;
  bool quiet = false;
};

// A folder for the run record of the mutants, which nobody wants to keep.
class ScratchFolder {
 public:
  ScratchFolder() {
    const std::filesystem::path temp = std::filesystem::temp_directory_path();
    path_ = (temp / "driftcage-mutate-XXXXXX").string();
    made_ = ::mkdtemp(path_.data()) != nullptr;
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder() {
    std::error_code ignored;
    if (made_) std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] bool made() const { return made_; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
  bool made_ = false;
};

// Judges the mutants: those that need no run by the legs of their scenario,
// the others when their own result comes.
class Judge : public run::SuiteObserver {
 public:
  explicit Judge(bool quiet) : quiet_(quiet) {}

  // The scenario and its mutants, as the suite is to run them.
  void add(const scenario::Scenario& scenario,
           std::vector<scenario::Scenario>* all) {
    all->push_back(scenario);
    all->back().xfails.clear();
    all->back().collect.clear();
    std::size_t number = 0;
    for (Mutant& mutant : match::mutants(scenario)) {
      if (mutant.needs_a_run) {
        // The id names the folder in the record.
        mutant.scenario.id += fmt::format("~{}", ++number);
        all->push_back(mutant.scenario);
        const std::string id = mutant.scenario.id;
        mutant.scenario = {};  // the suite has it
        run_.emplace(id, std::pair(scenario.id, std::move(mutant)));
      } else {
        judged_[scenario.id].push_back(std::move(mutant));
      }
    }
  }

  void preparing(const std::string& what) override { say(what); }
  void started(std::size_t scenarios, std::size_t,
               const std::string&) override {
    total_ = scenarios;
  }
  void finished(const run::ScenarioResult& result) override {
    const std::string& id = result.scenario.id;
    if (line_.enabled() && !quiet_) {
      line_.show(fmt::format("{} of {}", ++done_, total_));
    }
    const model::Verdict verdict = result.judgement.verdict;
    if (const auto own = run_.find(id); own != run_.end()) {
      const auto& [of, mutant] = own->second;
      table_.add(of, result.image, mutant, verdict);
      return;
    }
    table_.add(id, result.image, verdict, result.judgement.reason);
    if (verdict != model::Verdict::Pass) return;
    for (const Mutant& mutant : judged_[id]) {
      table_.add(id, result.image, mutant,
                 match::judge_mutant(mutant, result.legs).verdict);
    }
  }

  void say(const std::string& what) {
    if (!quiet_) write_err("driftcage: " + what + "\n");
  }
  void close() { line_.clear(); }
  [[nodiscard]] const report::MutationTable& table() const { return table_; }

 private:
  bool quiet_;
  StatusLine line_;
  std::size_t total_ = 0;
  std::size_t done_ = 0;
  std::map<std::string, std::vector<Mutant>> judged_;
  std::map<std::string, std::pair<std::string, Mutant>> run_;
  report::MutationTable table_;
};

int mutate(const Options& options) {
  auto chosen = choose(options.selection);
  if (!chosen) return chosen.error();
  Judge judge(options.quiet);
  std::vector<scenario::Scenario> all;
  for (const scenario::Scenario& scenario : chosen->scenarios) {
    judge.add(scenario, &all);
  }
  const ScratchFolder scratch;
  if (!scratch.made()) {
    print_error({"make a folder", scratch.path(), errno, "set TMPDIR"});
    return model::kExitHost;
  }
  run::SuiteOptions suite;
  suite.images = options.selection.images;
  suite.jobs = options.jobs;
  suite.remember = false;
  suite.record_folder = scratch.path() + "/record";
  suite.open =
      open_options([&judge](image::Said said, const std::string& what) {
        if (said == image::Said::Step) judge.say(what);
      });
  const auto result = run::run_suite(run::hold(all), suite, judge);
  judge.close();
  if (!result) {
    print_error(result.error());
    return model::kExitHost;
  }
  if (result->signal != 0) return 128 + result->signal;
  write_out(judge.table().markdown());
  return judge.table().all_red() ? model::kExitGood : model::kExitBadVerdict;
}

}  // namespace

void add_mutate(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "mutate", "Make each claim of scenarios false, and see them turn red");
  add_selection(*command, options->selection);
  add_images(*command, options->selection);
  command
      ->add_option("-j,--jobs", options->jobs,
                   "Legs at a time; as many as the machine carries when none\n"
                   "is given")
      ->check(CLI::Range(1u, 1024u))
      ->option_text("N");
  command->add_flag("-q,--quiet", options->quiet, "Nothing but the table");
  command->footer(
      "Each line of see, never and keep is turned into its opposite, each "
      "fault and each\nright fix is dropped, each fix is declared a decoy and "
      "each decoy a fix. Prints a\ntable as Markdown. Exit code 1 when a "
      "scenario does not pass as it is, or still\npasses with such a "
      "change.\n\n"
      "Examples:\n"
      "  driftcage mutate go/goenv-off\n"
      "  driftcage mutate >docs/mutations.md");
  command->callback(
      [options, &chosen] { chosen = [options] { return mutate(*options); }; });
}

}  // namespace driftcage::runner
