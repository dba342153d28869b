// SPDX-License-Identifier: Apache-2.0
#include "harness/base/wait_status.h"

#include <sys/wait.h>

#include <csignal>
#include <cstdlib>
#include <cstring>

namespace driftcage::base {

std::optional<int> WaitStatus::exit_code() const {
  if (!WIFEXITED(raw_)) return std::nullopt;
  return WEXITSTATUS(raw_);
}

std::optional<int> WaitStatus::signal() const {
  if (!WIFSIGNALED(raw_)) return std::nullopt;
  return WTERMSIG(raw_);
}

int WaitStatus::shell_code() const {
  if (const auto number = signal()) return 128 + *number;
  return exit_code().value_or(255);
}

std::string WaitStatus::text() const {
  if (const auto number = signal()) return signal_name(*number);
  return "exit " + std::to_string(exit_code().value_or(255));
}

std::string signal_name(int signal) {
  const char* abbreviation = ::sigabbrev_np(signal);
  if (abbreviation == nullptr) return "SIG" + std::to_string(signal);
  return std::string("SIG") + abbreviation;
}

int signal_number(const std::string& name) {
  for (int signal = 1; signal < NSIG; ++signal) {
    if (name == signal_name(signal)) return signal;
  }
  return 0;
}

}  // namespace driftcage::base
