// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <CLI/CLI.hpp>

namespace driftcage::runner {

// The completion script of `app` for "bash", "zsh" or "fish". Scenario ids are
// asked from `driftcage list --ids` when the user presses the key.
[[nodiscard]] std::string completion_script(const CLI::App& app,
                                            const std::string& shell);

}  // namespace driftcage::runner
