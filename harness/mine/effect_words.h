// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "harness/scenario/scenario.h"

namespace driftcage::mine {

// A set of effects as a person would speak of it.
struct EffectWords {
  std::string id;      // "no-gcc", "goenv-off": of the fault
  std::string phrase;  // "without gcc on PATH", "with GOENV=off"
  std::string undo;    // "Put gcc back on PATH."
};
// About the first effect; the phrase joins all of them.
[[nodiscard]] EffectWords words_of(const scenario::Effects& effects);

}  // namespace driftcage::mine
