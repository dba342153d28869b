// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <CLI/CLI.hpp>

namespace driftcage::runner {

// Help texts in one layout, whatever the version of CLI11.
class HelpFormatter : public CLI::FormatterBase {
 public:
  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override;
};

// "-j,--jobs N": the names of an option and its value.
[[nodiscard]] std::string option_label(const CLI::Option& option);

}  // namespace driftcage::runner
