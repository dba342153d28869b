// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <CLI/CLI.hpp>

#include "runner/terminal.h"

namespace driftcage::runner {

// Adds --color to `command`; `mode` must live as long as it does.
void add_color_option(CLI::App& command, ColorMode& mode,
                      const std::string& help);

}  // namespace driftcage::runner
