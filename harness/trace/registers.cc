// SPDX-License-Identifier: Apache-2.0
#include "harness/trace/registers.h"

#include <elf.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>

#if defined(__aarch64__)
#include <asm/ptrace.h>
#endif

namespace driftcage::trace::registers {
namespace {

#if defined(__x86_64__)
using Registers = user_regs_struct;
#elif defined(__aarch64__)
using Registers = user_pt_regs;
#endif

bool load(pid_t tid, Registers& registers) {
  iovec piece{&registers, sizeof(registers)};
  return ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &piece) == 0;
}

bool store(pid_t tid, Registers& registers) {
  iovec piece{&registers, sizeof(registers)};
  return ptrace(PTRACE_SETREGSET, tid, NT_PRSTATUS, &piece) == 0;
}

}  // namespace

bool set_first_argument(pid_t tid, model::Abi abi, std::uint64_t value) {
  Registers registers{};
  if (!load(tid, registers)) return false;
#if defined(__x86_64__)
  if (abi == model::Abi::I386)
    registers.rbx = value;
  else
    registers.rdi = value;
#elif defined(__aarch64__)
  static_cast<void>(abi);
  registers.regs[0] = value;
#endif
  return store(tid, registers);
}

bool skip_call(pid_t tid, std::int64_t result) {
  Registers registers{};
  if (!load(tid, registers)) return false;
#if defined(__x86_64__)
  registers.orig_rax = ~0ULL;
  registers.rax = static_cast<unsigned long long>(result);
#elif defined(__aarch64__)
  int none = -1;
  iovec number{&none, sizeof(none)};
  if (ptrace(PTRACE_SETREGSET, tid, NT_ARM_SYSTEM_CALL, &number) != 0)
    return false;
  registers.regs[0] = static_cast<std::uint64_t>(result);
#endif
  return store(tid, registers);
}

}  // namespace driftcage::trace::registers
