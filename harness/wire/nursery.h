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
// nursery says kNurseryReady once. Then it forks a spare, a child of the runner
// in a process group of its own, which announces itself: its pid as an
// std::int32_t, or a negated errno. A request is one byte, the cell's slot,
// with four descriptors (SCM_RIGHTS); it makes the spare a cell, and the
// nursery forks the next one. Cells that run at the same time have different
// slots, the lowest that are free, or those past the last, which several can
// have.
namespace driftcage::wire {

inline constexpr const char* kNurseryWord = "nursery";  // its only argument
inline constexpr int kNurserySocket = 3;
inline constexpr char kNurseryReady = 'N';
inline constexpr std::uint8_t kNurserySlots = 255;

enum NurseryDescriptor : std::size_t {
  kNurserySpec,    // the cell's 3, for reading
  kNurseryEvents,  // its 4, for writing
  kNurseryOut,     // its 1
  kNurseryErr,     // its 2
  kNurseryDescriptors,
};

}  // namespace driftcage::wire
