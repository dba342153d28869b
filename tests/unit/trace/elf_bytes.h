// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <elf.h>

#include <cstring>
#include <string>

namespace driftcage::trace {

#if defined(__x86_64__)
inline constexpr Elf64_Half kThisMachine = EM_X86_64;
inline constexpr Elf64_Half kOtherMachine = EM_AARCH64;
// Its programs run here, but not from a file of 64 bits.
inline constexpr Elf64_Half kSmallMachine = EM_386;
#else
inline constexpr Elf64_Half kThisMachine = EM_AARCH64;
inline constexpr Elf64_Half kOtherMachine = EM_X86_64;
inline constexpr Elf64_Half kSmallMachine = EM_ARM;
#endif

// The smallest file that the kernel would take for a program; `interpreter`
// empty: a static one.
inline std::string elf_bytes(const std::string& interpreter,
                             Elf64_Half machine = kThisMachine) {
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_type = ET_DYN;
  header.e_machine = machine;
  header.e_phoff = sizeof(header);
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = 2;
  Elf64_Phdr load{};
  load.p_type = PT_LOAD;
  Elf64_Phdr other{};
  other.p_type = interpreter.empty() ? PT_NOTE : PT_INTERP;
  other.p_offset = sizeof(header) + 2 * sizeof(load);
  other.p_filesz = interpreter.size() + 1;
  std::string bytes(reinterpret_cast<const char*>(&header), sizeof(header));
  bytes.append(reinterpret_cast<const char*>(&load), sizeof(load));
  bytes.append(reinterpret_cast<const char*>(&other), sizeof(other));
  bytes += interpreter;
  bytes += '\0';
  return bytes;
}

}  // namespace driftcage::trace
