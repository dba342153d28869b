// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <system_error>

#include "harness/base/sys.h"
#include "harness/model/verdict.h"
#include "harness/run/rejudge.h"
#include "runner/catalog.h"
#include "runner/commands.h"
#include "runner/file_watch.h"
#include "runner/run_options.h"
#include "runner/selection.h"
#include "runner/terminal.h"

namespace driftcage::runner {
namespace {

namespace fs = std::filesystem;

std::string canonical(const std::string& path) {
  std::error_code code;
  const fs::path real = fs::weakly_canonical(path, code);
  return code ? path : real.string();
}

class Watcher {
 public:
  explicit Watcher(RunOptions options) : options_(std::move(options)) {}

  int run() {
    auto chosen = choose(options_.selection, Mistakes::ShowTheRest);
    if (!chosen) return chosen.error();
    auto files = FileWatch::open();
    if (!files) {
      print_error(files.error());
      return model::kExitHost;
    }
    for (const scenario::Scenario& scenario : chosen->scenarios) {
      const std::string file = canonical(scenario.file);
      known_[file] = {};
      users_[file].insert(file);
      for (const auto& [path, text] : scenario.included) {
        users_[canonical(path)].insert(file);
      }
    }
    // One with a mistake waits for its first run.
    for (const std::string& broken : chosen->broken) {
      const std::string file = canonical(broken);
      known_[file] = {};
      users_[file].insert(file);
    }
    for (const auto& [file, users] : users_) {
      if (auto added = files->add(file); !added) {
        print_error(added.error());
        return model::kExitHost;
      }
    }
    expression_ = chosen->expression;
    filter_ = chosen->filter;
    int code = run_again(chosen->scenarios);
    while (code < 128) {
      write_err(fmt::format("watching {} file{}; Ctrl-C ends\n", known_.size(),
                            known_.size() == 1 ? "" : "s"));
      const auto changed = files->wait();
      if (!changed) return 128 + changed.error();
      code = after_change(*changed);
    }
    return code;
  }

 private:
  int run_again(const std::vector<scenario::Scenario>& scenarios) {
    if (scenarios.empty()) return model::kExitGood;
    const run::ScenarioSet set = [&] {
      run::ScenarioSet held = run::hold(scenarios);
      for (std::size_t i = 0; i < scenarios.size(); ++i) {
        held.heads[i].on_image =
            images_of(filter_, scenarios[i], options_.selection.images);
      }
      return held;
    }();
    std::string record;
    const int code = execute(options_, set, expression_, {},
                             [&record](const std::string& folder) {
                               record = folder;
                               return run::Record::open(folder);
                             });
    for (const scenario::Scenario& scenario : scenarios) {
      known_[canonical(scenario.file)] = record;
    }
    return code;
  }

  int after_change(const std::vector<std::string>& changed) {
    std::set<std::string> affected;
    for (const std::string& file : changed) {
      affected.insert(users_[file].begin(), users_[file].end());
    }
    std::vector<ScenarioFile> files;
    for (const std::string& file : affected) files.push_back({file, {}});
    Loaded loaded = load_scenarios(files);
    write_err(loaded.report);
    std::vector<scenario::Scenario> to_run;
    for (scenario::Scenario& scenario : loaded.scenarios) {
      const std::string why = judge_again(scenario);
      if (why.empty()) continue;
      write_err(fmt::format("{}: {}; running\n", scenario.id, why));
      to_run.push_back(std::move(scenario));
    }
    return run_again(to_run);
  }

  // Empty when its stored traces were enough.
  std::string judge_again(const scenario::Scenario& scenario) {
    const std::string& folder = known_[canonical(scenario.file)];
    if (folder.empty()) return "it was not run yet";
    const std::uint64_t begin = base::sys::monotonic_ns();
    const auto record = run::Record::open(folder);
    if (!record) return record.error().message();
    std::vector<run::ScenarioResult> results;
    for (const run::Summary& summary : record->results()) {
      if (summary.id != scenario.id) continue;
      const auto stored = run::Record::load(summary);
      if (!stored) return stored.error().message();
      if (!stored->unread.empty()) return stored->unread;
      std::string why =
          run::needs_a_run(*record, summary.image, stored->scenario, scenario);
      if (!why.empty()) return why;
      auto result = run::rejudge(*record, *stored, scenario);
      if (!result) return result.error().message();
      results.push_back(*std::move(result));
    }
    if (results.empty()) return "it was not run yet";
    const std::uint64_t took = base::sys::monotonic_ns() - begin;
    for (const run::ScenarioResult& result : results) {
      write_out(report::scenario_text(result, style_of(options_)));
    }
    std::string verdicts;
    for (const run::ScenarioResult& result : results) {
      verdicts += verdicts.empty() ? "" : ", ";
      verdicts += model::verdict_name(result.judgement.verdict);
    }
    write_err(fmt::format("{}: {}, judged again from its traces in {:.1f} ms\n",
                          scenario.id, verdicts,
                          static_cast<double>(took) / 1e6));
    return {};
  }

  RunOptions options_;
  std::string expression_;
  std::optional<driftcage::run::Filter> filter_;
  // Where the last run of each scenario is recorded, by its file.
  std::map<std::string, std::string> known_;
  // Scenario files by the files that they are made of: themselves and what they
  // include.
  std::map<std::string, std::set<std::string>> users_;
};

int watch(const RunOptions& given) {
  RunOptions options = given;
  if (auto ready = resolve(options); !ready) {
    print_error(ready.error());
    return model::kExitUsage;
  }
  return Watcher(std::move(options)).run();
}

}  // namespace

void add_watch(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<RunOptions>();
  CLI::App* command = app.add_subcommand(
      "watch", "Run, and after each edit judge again or run again");
  add_selection(*command, options->selection);
  add_images(*command, options->selection);
  add_run_options(*command, *options);
  command->footer(
      "An edit of [expect] alone is judged by the stored traces, which takes\n"
      "milliseconds; an edit of what makes its cages runs it again.\n"
      "\n"
      "Examples:\n"
      "  driftcage watch go/path-missing-gcc\n"
      "  driftcage watch ./my.toml -v");
  command->callback(
      [options, &chosen] { chosen = [options] { return watch(*options); }; });
}

}  // namespace driftcage::runner
