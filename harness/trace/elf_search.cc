// SPDX-License-Identifier: Apache-2.0
#include "harness/trace/elf_search.h"

#include <elf.h>

#include <climits>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

namespace driftcage::trace {
namespace {

constexpr std::size_t kMaxSegments = 256;
constexpr std::size_t kMaxDynamic = 64u << 10;

void replace_all(std::string& text, std::string_view what,
                 const std::string& with) {
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

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

template <class Header, class Segment, class Dynamic>
std::optional<model::ElfSearch> read(const ReadAt& read_at,
                                     const std::string& head,
                                     const std::string& origin) {
  Header header;
  if (head.size() < sizeof(header)) return std::nullopt;
  std::memcpy(&header, head.data(), sizeof(header));
  if (header.e_phentsize != sizeof(Segment) || header.e_phnum > kMaxSegments)
    return std::nullopt;
  const auto segments =
      items<Segment>(read_at(header.e_phoff, header.e_phnum * sizeof(Segment)));
  std::vector<Dynamic> dynamic;
  for (const Segment& segment : segments) {
    if (segment.p_type == PT_DYNAMIC && segment.p_filesz <= kMaxDynamic)
      dynamic = items<Dynamic>(read_at(segment.p_offset, segment.p_filesz));
  }
  std::optional<std::uint64_t> strings;
  std::optional<std::uint64_t> rpath;
  std::optional<std::uint64_t> runpath;
  for (const Dynamic& entry : dynamic) {
    if (entry.d_tag == DT_NULL) break;
    if (entry.d_tag == DT_STRTAB)
      strings = file_offset(segments, entry.d_un.d_ptr);
    if (entry.d_tag == DT_RPATH) rpath = entry.d_un.d_val;
    if (entry.d_tag == DT_RUNPATH) runpath = entry.d_un.d_val;
  }
  if (!strings || (!rpath && !runpath)) return std::nullopt;
  const auto text = [&](const std::optional<std::uint64_t>& at) {
    if (!at) return std::string();
    std::string bytes = read_at(*strings + *at, PATH_MAX);
    bytes.resize(std::strlen(bytes.c_str()));
    replace_all(bytes, "$ORIGIN", origin);
    replace_all(bytes, "${ORIGIN}", origin);
    return bytes;
  };
  return model::ElfSearch{text(rpath), text(runpath)};
}

}  // namespace

std::optional<model::ElfSearch> read_elf_search(const ReadAt& read_at,
                                                const std::string& origin) {
  const std::string head = read_at(0, sizeof(Elf64_Ehdr));
  if (!head.starts_with(ELFMAG) || head.size() <= EI_CLASS) return std::nullopt;
  switch (head[EI_CLASS]) {
    case ELFCLASS64:
      return read<Elf64_Ehdr, Elf64_Phdr, Elf64_Dyn>(read_at, head, origin);
    case ELFCLASS32:
      return read<Elf32_Ehdr, Elf32_Phdr, Elf32_Dyn>(read_at, head, origin);
    default:
      return std::nullopt;
  }
}

}  // namespace driftcage::trace
