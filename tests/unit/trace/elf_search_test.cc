// SPDX-License-Identifier: Apache-2.0
#include "harness/trace/elf_search.h"

#include <elf.h>
#include <gtest/gtest.h>

#include <cstring>

#include "harness/trace/program.h"
#include "tests/unit/trace/elf_bytes.h"
#include "tests/unit/trace/fake_tree.h"

namespace driftcage::trace {
namespace {

constexpr std::size_t kDynamicAt = 512;
constexpr std::size_t kStringsAt = 1024;
constexpr std::uint64_t kBase = 0x400000;  // addresses are not offsets

// A program of this machine with one PT_LOAD over the whole file.
std::string dynamic_elf(const std::string& rpath, const std::string& runpath) {
  std::string file(2048, '\0');
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_phoff = sizeof(header);
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = 2;
  Elf64_Phdr load{};
  load.p_type = PT_LOAD;
  load.p_vaddr = kBase;
  load.p_filesz = file.size();
  Elf64_Phdr dynamic{};
  dynamic.p_type = PT_DYNAMIC;
  dynamic.p_offset = kDynamicAt;
  dynamic.p_filesz = 4 * sizeof(Elf64_Dyn);
  Elf64_Dyn entries[4]{};
  std::size_t n = 0;
  entries[n].d_tag = DT_STRTAB;
  entries[n++].d_un.d_ptr = kBase + kStringsAt;
  const auto add = [&](Elf64_Sxword tag, const std::string& text,
                       std::size_t at) {
    if (text.empty()) return;
    entries[n].d_tag = tag;
    entries[n++].d_un.d_val = at;
    file.replace(kStringsAt + at, text.size(), text);
  };
  add(DT_RPATH, rpath, 1);
  add(DT_RUNPATH, runpath, 300);
  std::memcpy(file.data(), &header, sizeof(header));
  std::memcpy(file.data() + sizeof(header), &load, sizeof(load));
  std::memcpy(file.data() + sizeof(header) + sizeof(load), &dynamic,
              sizeof(dynamic));
  std::memcpy(file.data() + kDynamicAt, entries, sizeof(entries));
  return file;
}

std::optional<model::ElfSearch> search(const std::string& file) {
  return read_elf_search(
      [&file](std::uint64_t offset, std::size_t size) {
        return offset >= file.size() ? std::string()
                                     : file.substr(offset, size);
      },
      "/opt/app/bin");
}

TEST(ElfSearch, BothPathsWithTheirOrigin) {
  EXPECT_EQ(search(dynamic_elf("/a:$ORIGIN/../lib", "${ORIGIN}:/b")),
            (model::ElfSearch{"/a:/opt/app/bin/../lib", "/opt/app/bin:/b"}));
  EXPECT_EQ(search(dynamic_elf("", "/b")), (model::ElfSearch{"", "/b"}));
}

TEST(ElfSearch, NothingWhereNothingIs) {
  EXPECT_EQ(search(dynamic_elf("", "")), std::nullopt);
  EXPECT_EQ(search(elf_bytes("/lib/ld.so")), std::nullopt);
  EXPECT_EQ(search("#!/bin/sh\n"), std::nullopt);
  EXPECT_EQ(search(""), std::nullopt);
}

TEST(ElfSearch, AnyByteMayBeWrong) {
  const std::string good = dynamic_elf("/a", "/b");
  for (std::size_t at = 0; at < kDynamicAt + 4 * sizeof(Elf64_Dyn); ++at) {
    for (const char byte : {'\0', '\x7f', '\xff'}) {
      std::string bad = good;
      bad[at] = byte;
      static_cast<void>(search(bad));
    }
    static_cast<void>(search(good.substr(0, at)));
  }
}

TEST(Program, FollowsScriptsToTheLoader) {
  FakeTree tree;
  tree.dir("/bin").dir("/lib").dir("/w");
  tree.file("/bin/dash", 0755, elf_bytes("/lib/ld.so"));
  tree.link("/bin/sh", "dash");
  tree.file("/bin/env", 0755, "#!/bin/sh\n");
  tree.file("/w/tool", 0755, "#!../bin/env sh\n");
  EXPECT_EQ(read_program(tree, "/w/tool", "/w").interpreters,
            (std::vector<std::string>{"../bin/env", "/bin/sh", "/lib/ld.so"}));
  EXPECT_TRUE(read_program(tree, "/none", "/w").interpreters.empty());
  tree.file("/w/self", 0755, "#!/w/self\n");
  EXPECT_EQ(read_program(tree, "/w/self", "/w").interpreters.size(), 6u);
}

}  // namespace
}  // namespace driftcage::trace
