// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/match/glob.h"

namespace driftcage::report {

// Replaces the start of paths by the variables of event lines: /work/main.go
// is $WORK/main.go, so that reports of two machines compare.
class Shortener {
 public:
  Shortener() = default;
  explicit Shortener(const match::Variables& variables);

  // The variable and what follows it; an empty variable when none applies.
  [[nodiscard]] std::pair<std::string_view, std::string_view> split(
      std::string_view path) const;
  // Every path in a text.
  [[nodiscard]] std::string text(std::string_view text) const;

 private:
  struct Place {
    std::string directory;
    std::string name;  // with the dollar
  };
  std::vector<Place> places_;  // longest directory first
};

}  // namespace driftcage::report
