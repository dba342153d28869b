// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace driftcage::mine {

struct Outputs {
  std::vector<std::string> healthy;  // of each run
  std::vector<std::string> broken;
  // Values that are others on another machine or with another version of a
  // tool: folders of toolchains. A telling piece holds none of them.
  std::vector<std::string> local;
  // What makes a line telling besides words such as "error": base names.
  std::vector<std::string> words;
};

// The part of one line that every broken run wrote and no healthy one, without
// numbers and names that vary; empty when there is none.
[[nodiscard]] std::string telling_line(const Outputs& outputs);

// What only the broken runs wrote: lines of the first that no healthy run has.
[[nodiscard]] std::string only_broken(const Outputs& outputs);

}  // namespace driftcage::mine
