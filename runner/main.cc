// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <exception>
#include <string>
#include <vector>

#include "harness/model/verdict.h"
#include "runner/cli.h"
#include "runner/process.h"
#include "runner/terminal.h"

int main(int argc, char** argv) {
  namespace runner = driftcage::runner;
  if (!runner::fill_standard_streams()) return driftcage::model::kExitHost;
  // A closed pipe is an error of the write that meets it: see write_out. A
  // handler, not SIG_IGN: execve(2) would pass that on to every payload.
  std::signal(SIGPIPE, [](int) {});
  try {
    runner::CommandLine line;
    return line.run(std::vector<std::string>(argv + 1, argv + argc));
  } catch (const std::exception& error) {
    // Out of memory, or a defect: errors of the outside world are values.
    runner::print_error({"internal error", error.what(), 0,
                         "please report it with the command line"});
    return driftcage::model::kExitHost;
  }
}
