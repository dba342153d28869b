// SPDX-License-Identifier: Apache-2.0
#pragma once

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
[[nodiscard]] constexpr model::Syscall syscall_of(CallTag tag) {
  return static_cast<model::Syscall>(tag - 1U);
}
// chroot, pivot_root, setns, unshare(CLONE_NEWNS): from now on the process may
// see another tree than the cage's.
inline constexpr CallTag kRootChange = 0x100;

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

// Derived verbs with what they are derived from; Exec is always in.
[[nodiscard]] std::uint32_t wanted_verbs(std::uint32_t verbs);

// The rules for a set of verbs, with the guards that every trace needs.
[[nodiscard]] std::vector<CallRule> call_rules(std::uint32_t verbs);

// The calling conventions of this machine, native first.
struct AbiRow {
  model::Abi abi;
  std::uint32_t audit_arch;    // AUDIT_ARCH_* as the kernel reports it
  std::uint32_t library_arch;  // SCMP_ARCH_*
  std::uint32_t number_bit;    // set in each number of this ABI
};
[[nodiscard]] const std::vector<AbiRow>& abi_rows();
// The ABI of a stop; nullptr when it is not decoded.
[[nodiscard]] const AbiRow* abi_of(std::uint32_t audit_arch,
                                   std::uint64_t number);

// Decides what the filter would decide, for the engine that has no filter.
class RuleTable {
 public:
  explicit RuleTable(std::uint32_t verbs);
  [[nodiscard]] CallTag match(const AbiRow& abi, std::uint64_t number,
                              const std::uint64_t* args) const;

 private:
  struct Row {
    std::uint32_t number = 0;
    const CallRule* rule = nullptr;
  };
  std::vector<CallRule> rules_;
  std::vector<std::vector<Row>> rows_;  // per ABI, sorted by number
};

}  // namespace driftcage::trace
