// SPDX-License-Identifier: Apache-2.0
#include "runner/color_option.h"

namespace driftcage::runner {

void add_color_option(CLI::App& command, ColorMode& mode,
                      const std::string& help) {
  command
      .add_option_function<std::string>(
          "--color",
          [&mode](const std::string& word) {
            mode = word == "always"  ? ColorMode::Always
                   : word == "never" ? ColorMode::Never
                                     : ColorMode::Auto;
          },
          help)
      ->transform(CLI::IsMember({"auto", "always", "never"}, CLI::ignore_case))
      ->option_text("auto|always|never");
}

}  // namespace driftcage::runner
