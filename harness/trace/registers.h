// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "harness/model/event.h"

// Changes to the registers of a tracee that is stopped at the entry of a call.
// False when the tracee is gone.
namespace driftcage::trace::registers {

[[nodiscard]] bool set_first_argument(pid_t tid, model::Abi abi,
                                      std::uint64_t value);

// The kernel does not make the call; the tracee sees `result` (a negative errno
// for an error) as if it had.
[[nodiscard]] bool skip_call(pid_t tid, std::int64_t result);

}  // namespace driftcage::trace::registers
