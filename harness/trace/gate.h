// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/model/cage_spec.h"
#include "harness/model/event.h"

namespace driftcage::trace {

// Decides at the entry of a call, from the path alone, whether its exit is
// worth a stop: TraceSpec::gated and TraceSpec::names.
class Gate {
 public:
  explicit Gate(const model::TraceSpec& spec);
  // True when the call is of interest: its verb is not gated, or the last
  // component of `path` is one of the names. A path without one ("/", "..")
  // always is.
  [[nodiscard]] bool lets_stop(model::Verb verb, std::string_view path) const;

 private:
  std::uint32_t gated_;
  std::vector<std::string> plain_;     // sorted
  std::vector<std::string> patterns_;  // with *, ? or [
};

}  // namespace driftcage::trace
