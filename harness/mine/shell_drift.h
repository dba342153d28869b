// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "harness/scenario/effect_option.h"

namespace driftcage::mine {

using Environment = std::map<std::string, std::string>;

// A line that somebody typed, and what became of it.
struct TypedLine {
  int status = 0;
  std::string folder;  // where the shell was
  std::string text;
};

struct ShellDrift {
  std::vector<scenario::GivenEffect> effects;
  std::vector<TypedLine> failed;  // left out, as a scenario's setup must work
};

// What somebody did in a shell until a command failed, as effects: variables
// that `after` has otherwise than `before`, and each line that can have changed
// something, as a `setup` in the folder where it was typed. Lines that only
// look, that set variables, and the command itself are left out; variables that
// a shell keeps for itself are, too. `work`: where the cage's command starts.
// Pure.
[[nodiscard]] ShellDrift shell_drift(const Environment& before,
                                     const Environment& after,
                                     const std::vector<TypedLine>& lines,
                                     const std::vector<std::string>& command,
                                     const std::string& work);

// Triples of status, folder and "  NUMBER  LINE" as the builtin history of
// bash(1) prints it, each ended by a NUL byte. The same number again is an
// empty line.
[[nodiscard]] std::vector<TypedLine> typed_lines(const std::string& bytes);

// `A=b\0C=d\0`, as env -0 prints and /proc/PID/environ holds it.
[[nodiscard]] Environment environment_of(const std::string& bytes);

}  // namespace driftcage::mine
