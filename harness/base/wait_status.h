// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

namespace driftcage::base {

// The end of a process as waitpid(2) reports it, so that "exit 9" and "killed
// by signal 9" cannot be confused.
class WaitStatus {
 public:
  WaitStatus() = default;
  explicit WaitStatus(int raw) : raw_(raw) {}
  static WaitStatus exited(int code) { return WaitStatus((code & 0xff) << 8); }
  static WaitStatus signalled(int signal) { return WaitStatus(signal & 0x7f); }

  [[nodiscard]] std::optional<int> exit_code() const;
  [[nodiscard]] std::optional<int> signal() const;
  [[nodiscard]] bool success() const { return raw_ == 0; }
  [[nodiscard]] int raw() const { return raw_; }
  // What a shell would return: the exit code, or 128 + signal.
  [[nodiscard]] int shell_code() const;
  // "exit 1" or "SIGKILL".
  [[nodiscard]] std::string text() const;
  bool operator==(const WaitStatus&) const = default;

 private:
  int raw_ = 0;
};

// "SIGKILL" for 9; "SIG<number>" for an unnamed one. The reverse gives 0 for
// an unknown name.
[[nodiscard]] std::string signal_name(int signal);
[[nodiscard]] int signal_number(const std::string& name);

}  // namespace driftcage::base
