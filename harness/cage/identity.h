// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/cage/idmap.h"
#include "harness/model/cage_spec.h"

namespace driftcage::cage {

// Turns the calling process, a child of the cage's pid 1, into one that runs
// as the spec's user: own session, a user namespace that has no power over the
// cage's, few or no capabilities, no_new_privs, umask, working directory.
// In a cage with many ids it has the user's ids, and all others are there too.
// What could not be done though it should is added to `notes`.
[[nodiscard]] base::Status become_user(const model::CageSpec& spec,
                                       const CageIds& ids,
                                       std::vector<std::string>& notes);

// Resource limits (setrlimit(2)), with defaults that keep a fork bomb and core
// files in the cage. Limits that could not be applied as asked are added to
// `notes`. Call last: they bind the caller as well.
[[nodiscard]] base::Status set_limits(const model::Limits& limits,
                                      std::vector<std::string>& notes);

// Closes every descriptor above standard error but `kept`, which execve closes.
// At once and not with execve, too: its path may have a link to one of them.
void close_all_but(int kept) noexcept;

}  // namespace driftcage::cage
