// SPDX-License-Identifier: Apache-2.0
#include "harness/model/cage_spec.h"

#include "harness/model/event.h"

namespace driftcage::model {

std::uint32_t verbs_of(const std::vector<Injection>& injections) {
  std::uint32_t verbs = 0;
  for (const Injection& injection : injections) {
    const auto call = syscall_from_name(injection.syscall);
    const auto verb = call ? verb_of(*call) : std::nullopt;
    if (verb) verbs |= 1u << static_cast<unsigned>(*verb);
  }
  return verbs;
}

}  // namespace driftcage::model
