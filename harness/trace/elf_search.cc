// SPDX-License-Identifier: Apache-2.0
#include "harness/trace/elf_search.h"

#include <elf.h>

#include <climits>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/base/dynamic_token.h"

namespace driftcage::trace {
namespace {

constexpr std::size_t kMaxSegments = 256;
constexpr std::size_t kMaxDynamic = 64u << 10;
constexpr std::size_t kMaxNeeded = 512;
// Of all texts of a file: what $ORIGIN stands for may come many times.
constexpr std::size_t kMaxText = 64u << 10;

template <class Segment>
std::optional<std::uint64_t> file_offset(const std::vector<Segment>& segments,
                                         std::uint64_t address) {
  for (const Segment& segment : segments) {
    if (segment.p_type == PT_LOAD && address >= segment.p_vaddr &&
        address - segment.p_vaddr < segment.p_filesz) {
      return address - segment.p_vaddr + segment.p_offset;
    }
  }
  return std::nullopt;
}

template <class Item>
std::vector<Item> items(const std::string& bytes) {
  std::vector<Item> all(bytes.size() / sizeof(Item));
  if (!all.empty())
    std::memcpy(all.data(), bytes.data(), all.size() * sizeof(Item));
  return all;
}

// As glibc's loader compares a file with itself: open_verify in elf/dl-load.c.
bool fits(model::Abi loader, unsigned char elf_class, std::uint16_t machine) {
  switch (loader) {
    case model::Abi::X86_64:
      return elf_class == ELFCLASS64 && machine == EM_X86_64;
    case model::Abi::I386:
      return elf_class == ELFCLASS32 && machine == EM_386;
    case model::Abi::X32:
      return elf_class == ELFCLASS32 && machine == EM_X86_64;
    case model::Abi::Arm64:
      return elf_class == ELFCLASS64 && machine == EM_AARCH64;
    case model::Abi::Arm:
      return elf_class == ELFCLASS32 && machine == EM_ARM;
  }
  return false;
}

model::ElfSearch refused(model::ElfKind kind) {
  model::ElfSearch search;
  search.kind = kind;
  return search;
}

template <class Header, class Segment, class Dynamic>
model::ElfSearch read(const ReadAt& read_at, const std::string& head,
                      const std::string& origin,
                      std::optional<model::Abi> loader) {
  Header header;
  if (head.size() < sizeof(header)) return refused(model::ElfKind::NotElf);
  std::memcpy(&header, head.data(), sizeof(header));
  if (loader && !fits(*loader, header.e_ident[EI_CLASS], header.e_machine))
    return refused(model::ElfKind::WrongArch);
  if ((header.e_type != ET_EXEC && header.e_type != ET_DYN) ||
      header.e_phentsize != sizeof(Segment)) {
    return refused(model::ElfKind::NotElf);
  }
  model::ElfSearch search;
  if (header.e_phnum > kMaxSegments) return search;
  const std::string table =
      read_at(header.e_phoff, header.e_phnum * sizeof(Segment));
  if (table.size() != header.e_phnum * sizeof(Segment))
    return refused(model::ElfKind::NotElf);
  const auto segments = items<Segment>(table);
  std::vector<Dynamic> dynamic;
  for (const Segment& segment : segments) {
    if (segment.p_type == PT_DYNAMIC && segment.p_filesz <= kMaxDynamic)
      dynamic = items<Dynamic>(read_at(segment.p_offset, segment.p_filesz));
  }
  std::optional<std::uint64_t> strings;
  std::optional<std::uint64_t> rpath;
  std::optional<std::uint64_t> runpath;
  std::vector<std::uint64_t> needed;
  for (const Dynamic& entry : dynamic) {
    if (entry.d_tag == DT_NULL) break;
    if (entry.d_tag == DT_STRTAB)
      strings = file_offset(segments, entry.d_un.d_ptr);
    if (entry.d_tag == DT_RPATH) rpath = entry.d_un.d_val;
    if (entry.d_tag == DT_RUNPATH) runpath = entry.d_un.d_val;
    if (entry.d_tag == DT_NEEDED && needed.size() < kMaxNeeded)
      needed.push_back(entry.d_un.d_val);
  }
  if (!strings) return search;
  const auto text = [&](std::uint64_t at) {
    std::string bytes = read_at(*strings + at, PATH_MAX);
    bytes.resize(std::strlen(bytes.c_str()));
    base::replace_dynamic_token(bytes, "ORIGIN", origin, kMaxText);
    return bytes;
  };
  if (rpath) search.rpath = text(*rpath);
  if (runpath) search.runpath = text(*runpath);
  std::size_t total = 0;
  for (const std::uint64_t name : needed) {
    total += search.needed.emplace_back(text(name)).size();
    if (total > kMaxText) break;
  }
  return search;
}

}  // namespace

model::ElfSearch read_elf_search(const ReadAt& read_at,
                                 const std::string& origin,
                                 std::optional<model::Abi> loader) {
  const std::string head = read_at(0, sizeof(Elf64_Ehdr));
  if (!head.starts_with(ELFMAG) || head.size() <= EI_CLASS)
    return refused(model::ElfKind::NotElf);
  switch (head[EI_CLASS]) {
    case ELFCLASS64:
      return read<Elf64_Ehdr, Elf64_Phdr, Elf64_Dyn>(read_at, head, origin,
                                                     loader);
    case ELFCLASS32:
      return read<Elf32_Ehdr, Elf32_Phdr, Elf32_Dyn>(read_at, head, origin,
                                                     loader);
    default:
      return refused(model::ElfKind::NotElf);
  }
}

}  // namespace driftcage::trace
