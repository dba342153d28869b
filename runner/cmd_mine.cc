// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>

#include "harness/model/verdict.h"
#include "harness/scenario/toml_text.h"
#include "runner/authoring.h"
#include "runner/commands.h"
#include "runner/handle.h"

namespace driftcage::runner {
namespace {

struct Options {
  std::string run;
  std::size_t most = 10;
};

base::Result<mine::Evidence> evidence_of(const Handle& handle) {
  if (handle.id.empty()) {
    return base::fail("mine", handle.record.folder(), 0,
                      "say which scenario: RUN/ID");
  }
  std::vector<run::ScenarioResult> results;
  for (const run::Summary& summary : handle.results) {
    auto& result =
        results.emplace_back(DRIFTCAGE_TRY(run::Record::load(summary)));
    if (!result.unread.empty())
      return base::fail(run::kReadRecord, summary.id, 0, result.unread);
  }
  return mine::gather(results);
}

std::vector<std::string> lines_of(const std::vector<mine::Candidate>& list) {
  std::vector<std::string> lines;
  for (const mine::Candidate& one : list) lines.push_back(one.line);
  return lines;
}

int mine_run(const Options& options) {
  const auto handle = resolve_handle(options.run);
  const auto evidence =
      handle ? evidence_of(*handle) : tl::make_unexpected(handle.error());
  if (!evidence) {
    print_error(evidence.error());
    return exit_code_of(evidence.error());
  }
  const mine::Mined mined =
      mine::mine(evidence->healthy, evidence->broken, evidence->clues);
  std::string text = mined_text(mined, options.most);
  if (text.empty()) {
    write_out("no event line tells the fault leg from the control leg\n");
    return model::kExitBadVerdict;
  }
  // What `new` would choose, ready to be copied.
  constexpr std::size_t kSee = 3;
  constexpr std::size_t kNever = 2;
  text += fmt::format(
      "\nsee   = {}\nnever = {}\n",
      scenario::toml_list(lines_of(mine::choose(mined.see, kSee))),
      scenario::toml_list(lines_of(mine::choose(mined.never, kNever))));
  if (evidence->healthy.size() == 1) {
    text +=
        "seen in one run: driftcage run --repeat 3 tells which lines are "
        "stable\n";
  }
  write_out(text);
  return model::kExitGood;
}

}  // namespace

void add_mine(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "mine", "Show the event lines that tell a run's legs apart, ranked");
  command
      ->add_option("run", options->run,
                   "One scenario of a run, such as "
                   "latest/go/goenv-off")
      ->required()
      ->option_text("RUN/ID");
  command->add_option("-n,--most", options->most, "Lines of each kind, 10")
      ->check(CLI::Range(1u, 10'000u))
      ->option_text("N");
  command->footer(
      "Takes all rounds of the scenario in that run: a line counts when it is "
      "in every\nfault leg and in no control leg, or the reverse. A run "
      "records exec, open and stat,\nand what its lines ask for.\n\n"
      "Examples:\n"
      "  driftcage mine latest/go/goenv-off\n"
      "  driftcage run --repeat 3 my.toml && driftcage mine latest/my/case");
  command->callback([options, &chosen] {
    chosen = [options] { return mine_run(*options); };
  });
}

}  // namespace driftcage::runner
