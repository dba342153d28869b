// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "runner/commands.h"

namespace driftcage::runner {

// The command line as a definition: help, messages and shell completion are
// made from it, so that they cannot contradict what is accepted.
class CommandLine {
 public:
  CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  // Carries out the command that `arguments` (without the program's name)
  // give. Returns the exit code.
  int run(std::vector<std::string> arguments);

 private:
  [[nodiscard]] int report_mistake(const CLI::ParseError& mistake) const;

  CLI::App app_;
  Action chosen_;
  std::vector<std::string> traced_command_;
};

}  // namespace driftcage::runner
