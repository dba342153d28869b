// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "harness/scenario/effect_option.h"

namespace driftcage::mine {

// A fault that could be behind a failing call of a log.
struct Suspect {
  std::vector<scenario::GivenEffect> effects;
  std::string because;  // "openat /etc/x = ENOENT"
  double score = 0;
};

struct StraceLog {
  std::vector<std::string> command;  // of the first successful execve
  std::vector<Suspect> suspects;     // the likeliest first, each once
  std::size_t calls = 0;             // lines that were understood
};

// Reads what strace(1) wrote, with or without -f, -t, -o; calls that were
// interrupted are put together. Files of the reporter alone (below /home,
// /root, /tmp) make no suspects. Only the log is read: whether a suspect
// explains the failure is for a run to tell. Pure.
[[nodiscard]] StraceLog read_strace_log(const std::string& text);

}  // namespace driftcage::mine
