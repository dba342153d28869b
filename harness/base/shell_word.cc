// SPDX-License-Identifier: Apache-2.0
#include "harness/base/shell_word.h"

namespace driftcage::base {

std::string shell_word(std::string_view word) {
  const bool plain =
      !word.empty() && word.find_first_of(" \t\n\r'\"\\$`*?[](){}<>|&;#~!") ==
                           std::string_view::npos;
  if (plain) return std::string(word);
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? "'\\''" : std::string(1, c);
  return text + "'";
}

}  // namespace driftcage::base
