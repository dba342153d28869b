// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace driftcage::base {

// Asks the scheduler to let the calling thread run soon after it wakes
// (sched_setattr(2), the slice of SCHED_OTHER, from Linux 6.12 on): for whoever
// others wait for, behind those that work. Processes that are forked from here
// on have none of it. Without effect on older kernels, and where a policy or
// priority was chosen.
void wake_soon();

}  // namespace driftcage::base
