// SPDX-License-Identifier: Apache-2.0
#include "harness/wire/record.h"

namespace driftcage::wire {

std::string_view outcome_name(Outcome outcome) {
  switch (outcome) {
    case Outcome::Finished:
      return "finished";
    case Outcome::SpawnFailed:
      return "spawn-failed";
    case Outcome::Timeout:
      return "timeout";
    case Outcome::Cancelled:
      return "cancelled";
    case Outcome::CageError:
      return "cage-error";
    case Outcome::TraceError:
      return "trace-error";
    case Outcome::Leak:
      return "leak";
  }
  return "unknown";
}

}  // namespace driftcage::wire
