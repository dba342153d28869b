// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace driftcage::runner {

// The man page of `app`, the program or one of its commands, in man(7)'s
// language: everything in it comes from the command line's own definition.
[[nodiscard]] std::string manual_page(const CLI::App& app);

// "driftcage-image-build" of the command `driftcage image build`.
[[nodiscard]] std::string manual_name(const CLI::App& app);

// The program and all its commands, groups before what is in them.
[[nodiscard]] std::vector<const CLI::App*> manual_apps(const CLI::App& app);

}  // namespace driftcage::runner
