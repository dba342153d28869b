// SPDX-License-Identifier: Apache-2.0

#include <memory>

#include "harness/model/verdict.h"
#include "runner/commands.h"
#include "runner/run_options.h"
#include "runner/selection.h"
#include "runner/terminal.h"

namespace driftcage::runner {
namespace {

int run_scenarios(const RunOptions& given) {
  RunOptions options = given;
  auto requests = report_requests(options);
  if (!requests) {
    print_error(requests.error());
    return model::kExitUsage;
  }
  if (auto ready = resolve(options); !ready) {
    print_error(ready.error());
    return model::kExitUsage;
  }
  auto chosen = choose(options.selection, Mistakes::Refuse, Contents::Heads);
  if (!chosen) return chosen.error();
  return execute(options, chosen->set, chosen->expression, *requests);
}

}  // namespace

void add_run(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<RunOptions>();
  CLI::App* command =
      app.add_subcommand("run", "Run scenarios and judge what they show");
  add_selection(*command, options->selection);
  add_images(*command, options->selection);
  add_run_options(*command, *options);
  command
      ->add_option("--waivers", options->selection.waivers,
                   "File with failures that are known, each until a date;\n"
                   "may be given several times")
      ->allow_extra_args(false)
      ->option_text("FILE");
  command->footer(
      "Examples:\n"
      "  driftcage run                     all scenarios, on this machine\n"
      "  driftcage run go/goenv-off        one, by its id\n"
      "  driftcage run go 'elf/*' -j 4     a folder and a glob\n"
      "  driftcage run ./my.toml -v        a file, with the events that "
      "matched\n"
      "  driftcage run -E 'tag(cgo) & !tag(loader)' --image trixie-go1.24\n"
      "  driftcage run --shard 2/5 --report junit=out.xml --report "
      "html=out.html\n"
      "  driftcage run --order random --repeat 20 --max-fail 1\n"
      "\n"
      "SIGUSR1, or a key on a terminal, shows what runs now. Ctrl-C ends what "
      "runs and\nreports what has ended; twice kills.");
  command->callback([options, &chosen] {
    chosen = [options] { return run_scenarios(*options); };
  });
}

}  // namespace driftcage::runner
