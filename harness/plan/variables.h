// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"
#include "harness/plan/planner.h"

namespace driftcage::plan {

// Values of the scenario format's variables, without the dollar: what a
// healthy cage on this ground has. Those that come from `go env` are missing
// when the image has no Go.
[[nodiscard]] std::map<std::string, std::string> healthy_variables(
    const Ground& ground);

// Whether a variable is about a second Go, which few images have.
[[nodiscard]] bool is_of_other_go(std::string_view name);
// A variable that only an image with Go has.
[[nodiscard]] bool is_go_variable(std::string_view name);

// Replaces $NAME and ${NAME}; `$$NAME` is the text `$NAME`. Paths, links'
// targets, values of the environment and argument vectors are expanded; shell
// lines and the bytes of files are not, because there the dollar belongs to
// another language.
class Expander {
 public:
  explicit Expander(const std::map<std::string, std::string>& variables)
      : variables_(variables) {}

  // An unknown name is an error. A Go variable that the image lacks expands to
  // nothing and is remembered: that is a need, not a mistake.
  [[nodiscard]] base::Result<std::string> text(const std::string& text);
  // The value of an environment variable: may speak of the environment so far,
  // which wins ("$PATH" after another fault changed it).
  [[nodiscard]] base::Result<std::string> value(
      const std::string& text,
      const std::map<std::string, std::string>& environment);
  // A path; a relative one lies below $WORK.
  [[nodiscard]] base::Result<std::string> path(const std::string& text);
  // An argument vector. Unknown names stay as they are, and arguments of a
  // shell with -c are not touched at all.
  [[nodiscard]] std::vector<std::string> command(
      const std::vector<std::string>& argv);

  // The first Go variable that was missing; empty: none.
  [[nodiscard]] const std::string& missing() const { return missing_; }

 private:
  using Lookup = std::map<std::string, std::string>;
  std::string replace(const std::string& text, const Lookup* first,
                      std::string* unknown);

  const Lookup& variables_;
  std::string missing_;
};

}  // namespace driftcage::plan
