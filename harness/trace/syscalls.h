// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "harness/model/event.h"

namespace driftcage::trace {

// What the filter tells the tracer about a call, in the 16 bits that a filter
// can pass on: 1 + model::Syscall, or a tag below. 0: of no interest.
using CallTag = std::uint16_t;
[[nodiscard]] constexpr CallTag tag_of(model::Syscall call) {
  return static_cast<CallTag>(static_cast<unsigned>(call) + 1U);
}
// chroot, pivot_root, setns, unshare(CLONE_NEWNS): from now on the process may
// see another tree than the cage's.
inline constexpr CallTag kRootChange = 0x100;
// clone with CLONE_UNTRACED or CLONE_NEWNS: looked at even when no spawn is to
// be reported.
inline constexpr CallTag kSpecialClone = 0x101;
// open_tree(2) and open_tree_attr with OPEN_TREE_CLONE, fsmount(2): files of a
// mount that is nowhere have paths that begin at its own root.
inline constexpr CallTag kMountMade = 0x102;
// umount2(2) with MNT_DETACH: the same for who still has a directory of it.
inline constexpr CallTag kMountDetached = 0x103;
// A guard that has no model::Syscall.
[[nodiscard]] constexpr bool is_plain_guard(CallTag tag) {
  return tag == kRootChange || tag == kMountMade || tag == kMountDetached;
}
[[nodiscard]] constexpr model::Syscall syscall_of(CallTag tag) {
  if (tag == kSpecialClone) return model::Syscall::Clone;
  return static_cast<model::Syscall>(tag - 1U);
}

// Where a call keeps its arguments; -1: it has no such argument.
struct Shape {
  std::int8_t dirfd = -1;
  std::int8_t path = -1;
  std::int8_t flags = -1;
  std::int8_t mode = -1;
};
[[nodiscard]] Shape shape_of(model::Syscall call);

// A register comparison that decides in the filter whether a call stops:
// (argument & mask) == value.
struct ArgumentTest {
  std::uint8_t argument = 0;
  std::uint64_t mask = 0;
  std::uint64_t value = 0;
};

// One reason to stop at a call; a call stops when any of its rules holds.
struct CallRule {
  const char* name = nullptr;
  CallTag tag = 0;
  std::vector<ArgumentTest> all;
};
// The rules of every call that can be traced, guards included.
[[nodiscard]] std::vector<CallRule> call_rules();

// Derived verbs with what they are derived from; Exec is always in.
[[nodiscard]] std::uint32_t wanted_verbs(std::uint32_t verbs);
// Whether a trace of `verbs` (as wanted_verbs gives them) must see a call:
// guards are seen by every trace.
[[nodiscard]] bool must_see(std::uint32_t verbs, CallTag tag);

// The calling conventions of this machine, native first.
struct AbiRow {
  model::Abi abi;
  std::uint32_t audit_arch;  // AUDIT_ARCH_* as the kernel reports it
  const char* library_name;  // as libseccomp spells it
  std::uint32_t number_bit;  // set in each number of this ABI
};
[[nodiscard]] const std::vector<AbiRow>& abi_rows();
// The ABI of a stop; nullptr when it is not decoded.
[[nodiscard]] const AbiRow* abi_of(std::uint32_t audit_arch,
                                   std::uint64_t number);

// Decides what the filter would decide, for the engine that has no filter.
// 0: the call is of no interest.
[[nodiscard]] CallTag match_call(const AbiRow& abi, std::uint64_t number,
                                 const std::uint64_t* args);

// Made at build time from call_rules() and libseccomp's numbers, see
// filter_generator.cc: the filter for all calls, in the kernel's instruction
// format, and the calls of each ABI sorted by number.
struct FilterInstruction {
  std::uint16_t code;
  std::uint8_t jump_true;
  std::uint8_t jump_false;
  std::uint32_t k;
};
struct CallNumber {
  std::uint8_t abi;  // index into abi_rows()
  std::uint32_t number;
  std::uint16_t rule;  // index into call_rules()
};
extern const FilterInstruction kFilterProgram[];
extern const std::size_t kFilterProgramSize;
extern const CallNumber kCallNumbers[];
extern const std::size_t kCallNumbersSize;

}  // namespace driftcage::trace
