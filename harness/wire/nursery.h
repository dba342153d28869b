// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

// A nursery is a driftcage-cell that forks cells instead of being one: on
// virtual machines most of what a cell costs before it does anything is the C
// library's look at the processor at each execve(2), where every cpuid
// instruction traps to the host.
//
// Runner and nursery talk over a unix(7) socket of type SOCK_SEQPACKET. The
// nursery says kNurseryReady once. A request is one byte with four descriptors
// (SCM_RIGHTS); the answer is an std::int32_t: the pid of the cell, a child of
// the runner, told by the cell itself as soon as it stands; or a negated errno.
namespace driftcage::wire {

inline constexpr const char* kNurseryWord = "nursery";  // its only argument
inline constexpr int kNurserySocket = 3;
inline constexpr char kNurseryReady = 'N';

enum NurseryDescriptor : std::size_t {
  kNurserySpec,    // the cell's 3, for reading
  kNurseryEvents,  // its 4, for writing
  kNurseryOut,     // its 1
  kNurseryErr,     // its 2
  kNurseryDescriptors,
};

}  // namespace driftcage::wire
