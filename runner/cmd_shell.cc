// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <string>
#include <vector>

#include "harness/model/verdict.h"
#include "runner/commands.h"
#include "runner/shell_command.h"
#include "runner/terminal.h"

namespace driftcage::runner {
namespace {

struct Options {
  std::string handle;
  std::vector<std::string> images;
};

int shell(const Options& options) {
  if (options.handle.empty() == options.images.empty()) {
    print_error({"enter a cage",
                 {},
                 0,
                 options.handle.empty()
                     ? "name a leg, RUN/ID/LEG, or an image with --image"
                     : "a leg has its image: name one of the two only"});
    return model::kExitUsage;
  }
  if (options.images.empty()) return shell_into(options.handle);
  int code = model::kExitGood;
  for (const std::string& image : options.images) {
    code = shell_into_image(image);
  }
  return code;
}

}  // namespace

void add_shell(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "shell", "Enter the cage of a leg, with its fault and its environment");
  command
      ->add_option("leg", options->handle,
                   "A leg of a run; without LEG the one that decided.\n"
                   "RUN is a run id or its last digits, latest, or a folder")
      ->option_text("[RUN/ID[/LEG]]");
  command
      ->add_option("--image", options->images,
                   "A bare look at an image instead; several times: one after\n"
                   "the other")
      ->option_text("REF")
      ->allow_extra_args(false);
  command->footer(
      "Examples:\n"
      "  driftcage shell latest/go/path-missing-gcc         where it went "
      "wrong\n"
      "  driftcage shell latest/go/path-missing-gcc/control the healthy one\n"
      "  driftcage shell 7f3a/go/x/fix:cc-back\n"
      "  driftcage shell --image host");
  command->callback(
      [options, &chosen] { chosen = [options] { return shell(*options); }; });
}

}  // namespace driftcage::runner
