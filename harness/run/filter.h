// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"
#include "harness/scenario/scenario.h"

namespace driftcage::run {

// A filter expression: predicates joined by `&`, `|`, `!` and parentheses, or
// by the words and, or, not. `!` binds tightest, then `&`.
//
//   id(GLOB)     the scenario's id
//   tag(GLOB)    one of its tags
//   fault(GLOB)  a fault's id, or the key of one of its effects: path.drop
//   image(GLOB)  the image's reference
//   needs(GLOB)  a tool, host feature, libc or architecture it asks for
//   weak()       it has no control leg
//   all()        everything
//
// Globs are those of fnmatch(3) without FNM_PATHNAME: `*` crosses slashes.
class Filter {
 public:
  // The error's object is the expression, its hint shows the place with a
  // caret and the nearest predicate.
  static base::Result<Filter> parse(const std::string& expression);

  [[nodiscard]] bool matches(const scenario::Scenario& scenario,
                             std::string_view image) const;
  // Predicates that were asked and never held, as written: a misspelt tag
  // selects the wrong things in silence. Those of `!tag(slwo)` too.
  [[nodiscard]] std::vector<std::string> never_held() const;

  struct Node;

 private:
  explicit Filter(std::shared_ptr<Node> root) : root_(std::move(root)) {}
  std::shared_ptr<Node> root_;
};

// The keys of the effects that are set: "env", "path.drop", "mount", …
[[nodiscard]] std::vector<std::string> effect_keys(
    const scenario::Effects& effects);

}  // namespace driftcage::run
