// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/model/event.h"
#include "harness/trace/tree.h"

namespace driftcage::trace {

// What starting a program involves beyond its own file.
struct Program {
  std::vector<std::string> interpreters;  // see model::ExecDetail
  std::optional<model::ElfSearch> elf;    // of what really runs
};

// Follows `path`, which the kernel has just executed, through its #! lines to
// the ELF file. `directory`: where a relative interpreter is looked for.
// `loads`: what it says about its libraries is wanted, too.
[[nodiscard]] Program read_program(Tree& tree, const std::string& path,
                                   const std::string& directory, bool loads);

}  // namespace driftcage::trace
