// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>

#include "harness/base/sys.h"
#include "harness/mine/accept.h"
#include "harness/model/verdict.h"
#include "runner/commands.h"
#include "runner/handle.h"
#include "runner/terminal.h"

namespace driftcage::runner {
namespace {

struct Options {
  std::string run;
  bool signature = false;
  bool dry = false;
};

base::Status accept_one(const run::Record& record, const run::Summary& summary,
                        const Options& options) {
  const run::ScenarioResult result = DRIFTCAGE_TRY(run::Record::load(summary));
  if (!result.unread.empty())
    return base::fail(run::kReadRecord, summary.id, 0, result.unread);
  const mine::Accepted accepted =
      DRIFTCAGE_TRY(mine::accept(record, result, options.signature));
  for (const std::string& what : accepted.done) {
    write_out(fmt::format("{}: {}\n", result.scenario.file, what));
  }
  if (accepted.done.empty()) {
    write_out(fmt::format("{}: nothing to accept\n", result.scenario.file));
  }
  if (options.dry || accepted.done.empty()) return {};
  return base::sys::write_file(result.scenario.file, accepted.text);
}

int accept(const Options& options) {
  const auto handle = resolve_handle(options.run);
  if (!handle) {
    print_error(handle.error());
    return exit_code_of(handle.error());
  }
  if (handle->id.empty() || handle->results.size() != 1) {
    print_error(
        {"accept", options.run, 0,
         "say which scenario, on one image and in one round: RUN/ID~1"});
    return model::kExitUsage;
  }
  if (const auto done =
          accept_one(handle->record, handle->results.front(), options);
      !done) {
    print_error(done.error());
    const int code = exit_code_of(done.error());
    return code == model::kExitUsage ? model::kExitBadVerdict : code;
  }
  return model::kExitGood;
}

}  // namespace

void add_accept(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "accept", "Write what a run showed into its scenario's [expect]");
  command->add_option("run", options->run, "One scenario of a run")
      ->required()
      ->option_text("RUN/ID");
  command->add_flag("--signature", options->signature,
                    "Also replace lines of see and never that did not hold");
  command->add_flag("--dry-run", options->dry, "Only say what would change");
  command->footer(
      "Changes exit, stdout and stderr where they did not fit, in place: "
      "comments and\neverything else stay. By the stored traces the changed "
      "file passes, else it is\nnot written.\n\n"
      "Examples:\n"
      "  driftcage accept latest/go/goenv-off --dry-run\n"
      "  driftcage accept latest/go/goenv-off");
  command->callback(
      [options, &chosen] { chosen = [options] { return accept(*options); }; });
}

}  // namespace driftcage::runner
