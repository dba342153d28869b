// SPDX-License-Identifier: Apache-2.0
#include "harness/trace/executable.h"

#include <elf.h>

#include <algorithm>
#include <climits>
#include <cstring>

namespace driftcage::trace {
namespace {

constexpr std::size_t kHeadSize = 256;  // BINPRM_BUF_SIZE
constexpr std::size_t kMaxHeaders = 65536 / sizeof(Elf64_Phdr);

template <class T>
bool copy_out(std::string_view bytes, std::size_t offset, T& out) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return false;
  std::memcpy(&out, bytes.data() + offset, sizeof(T));
  return true;
}

bool runs_here(unsigned char elf_class, std::uint16_t machine) {
#if defined(__x86_64__)
  if (elf_class == ELFCLASS64) return machine == EM_X86_64;
  return machine == EM_386 || machine == EM_X86_64;  // x32 is 32-bit x86-64
#elif defined(__aarch64__)
  if (elf_class == ELFCLASS64) return machine == EM_AARCH64;
  return machine == EM_ARM;
#endif
}

template <class Header, class Segment>
Executable read_elf(std::string_view head, const ReadAt& read_at) {
  Executable result;
  Header header;
  if (!copy_out(head, 0, header)) return result;
  if (!runs_here(header.e_ident[EI_CLASS], header.e_machine)) {
    result.kind = Executable::Kind::WrongArch;
    return result;
  }
  if ((header.e_type != ET_EXEC && header.e_type != ET_DYN) ||
      header.e_phentsize != sizeof(Segment) || header.e_phnum == 0 ||
      header.e_phnum > kMaxHeaders) {
    return result;
  }
  const std::size_t size = header.e_phnum * sizeof(Segment);
  const std::string table = read_at(header.e_phoff, size);
  if (table.size() != size) return result;  // truncated
  result.kind = Executable::Kind::Elf;
  for (std::size_t at = 0; at < size; at += sizeof(Segment)) {
    Segment segment;
    if (!copy_out(table, at, segment) || segment.p_type != PT_INTERP) continue;
    // The kernel refuses other lengths, and a name that has no end.
    if (segment.p_filesz < 2 || segment.p_filesz > PATH_MAX) {
      result.kind = Executable::Kind::NotElf;
      return result;
    }
    result.interpreter = read_at(segment.p_offset, segment.p_filesz);
    if (result.interpreter.size() != segment.p_filesz ||
        result.interpreter.back() != '\0') {
      result = {};
      return result;
    }
    result.interpreter.resize(std::strlen(result.interpreter.c_str()));
    return result;
  }
  return result;
}

}  // namespace

Executable read_script(std::string_view head) {
  Executable result;
  head = head.substr(0, kHeadSize);
  if (!head.starts_with("#!")) return result;
  std::string_view line = head.substr(2);
  const std::size_t end = line.find_first_of(std::string_view("\n\0", 2));
  if (end != std::string_view::npos) line = line.substr(0, end);
  const std::size_t start = line.find_first_not_of(" \t");
  if (start == std::string_view::npos) return result;
  line = line.substr(start);
  line = line.substr(0, line.find_first_of(" \t"));
  result.kind = Executable::Kind::Script;
  result.interpreter = line;
  return result;
}

Executable read_executable(const ReadAt& read_at) {
  const std::string head = read_at(0, kHeadSize);
  if (!head.starts_with(ELFMAG) || head.size() <= EI_CLASS)
    return read_script(head);
  switch (head[EI_CLASS]) {
    case ELFCLASS64:
      return read_elf<Elf64_Ehdr, Elf64_Phdr>(head, read_at);
    case ELFCLASS32:
      return read_elf<Elf32_Ehdr, Elf32_Phdr>(head, read_at);
    default:
      return {};
  }
}

}  // namespace driftcage::trace
