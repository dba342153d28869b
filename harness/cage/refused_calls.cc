// SPDX-License-Identifier: Apache-2.0
//
// A filter of its own and not part of the tracer's: commands before the payload
// and untraced payloads have it too.
#include "harness/cage/refused_calls.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace driftcage::cage {
namespace {

// The three calls have numbers in a row everywhere.
struct Abi {
  std::uint32_t arch;
  std::uint32_t first;
  std::uint32_t last;
};

#if defined(__x86_64__)
constexpr std::array<Abi, 2> kAbis = {
    {{AUDIT_ARCH_X86_64, SYS_add_key, SYS_keyctl},
     {AUDIT_ARCH_I386, 286, 288}}};
// x32 has the numbers of x86-64 and this bit (X32_SYSCALL_BIT of the kernel).
constexpr std::uint32_t kNumber = ~0x40000000u;
#elif defined(__aarch64__)
constexpr std::array<Abi, 2> kAbis = {
    {{AUDIT_ARCH_AARCH64, SYS_add_key, SYS_keyctl},
     {AUDIT_ARCH_ARM, 309, 311}}};
constexpr std::uint32_t kNumber = ~0u;
#endif
static_assert(SYS_keyctl - SYS_add_key == 2);

}  // namespace

base::Status refuse_key_calls(std::vector<std::string>& notes) {
  constexpr auto kNr = offsetof(seccomp_data, nr);
  constexpr auto kArch = offsetof(seccomp_data, arch);
  constexpr std::uint32_t kRefuse = SECCOMP_RET_ERRNO | EPERM;
  // For each ABI: not this one, on to the next; else outside of the range is
  // allowed and inside it is refused.
  std::array<sock_filter, 14> program = {
      {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kArch),
       BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kAbis[0].arch, 0, 6),
       BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kNr),
       BPF_STMT(BPF_ALU | BPF_AND | BPF_K, kNumber),
       BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, kAbis[0].first, 0, 2),
       BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, kAbis[0].last, 1, 0),
       BPF_STMT(BPF_RET | BPF_K, kRefuse),
       BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
       BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kAbis[1].arch, 0, 4),
       BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kNr),
       BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, kAbis[1].first, 0, 2),
       BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, kAbis[1].last, 1, 0),
       BPF_STMT(BPF_RET | BPF_K, kRefuse),
       BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)}};
  const sock_fprog filter{program.size(), program.data()};
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                SECCOMP_FILTER_FLAG_SPEC_ALLOW, &filter) != 0) {
    if (errno != EPERM && errno != ENOSYS)
      return base::fail("refuse key calls", "seccomp filter", errno);
    notes.emplace_back(
        "key calls are not refused: no seccomp filter can be installed here");
  }
  return {};
}

}  // namespace driftcage::cage
