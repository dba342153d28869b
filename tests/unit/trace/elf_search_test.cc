// SPDX-License-Identifier: Apache-2.0
#include "harness/trace/elf_search.h"

#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstring>

#include "harness/trace/program.h"
#include "tests/unit/trace/elf_bytes.h"
#include "tests/unit/trace/fake_tree.h"

namespace driftcage::trace {
namespace {

constexpr std::size_t kDynamicAt = 512;
constexpr std::size_t kStringsAt = 1024;
constexpr std::size_t kEntries = 6;
constexpr std::uint64_t kBase = 0x400000;  // addresses are not offsets
#if defined(__x86_64__)
constexpr model::Abi kThisAbi = model::Abi::X86_64;
constexpr model::Abi kSmallAbi = model::Abi::I386;
#else
constexpr model::Abi kThisAbi = model::Abi::Arm64;
constexpr model::Abi kSmallAbi = model::Abi::Arm;
#endif

// A program of this machine with one PT_LOAD over the whole file.
std::string dynamic_elf(const std::string& rpath, const std::string& runpath,
                        const std::vector<std::string>& needed = {}) {
  std::string file(2048, '\0');
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_type = ET_DYN;
  header.e_machine = kThisMachine;
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
  dynamic.p_filesz = kEntries * sizeof(Elf64_Dyn);
  Elf64_Dyn entries[kEntries]{};
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
  for (std::size_t i = 0; i < needed.size(); ++i)
    add(DT_NEEDED, needed[i], 600 + 100 * i);
  std::memcpy(file.data(), &header, sizeof(header));
  std::memcpy(file.data() + sizeof(header), &load, sizeof(load));
  std::memcpy(file.data() + sizeof(header) + sizeof(load), &dynamic,
              sizeof(dynamic));
  std::memcpy(file.data() + kDynamicAt, entries, sizeof(entries));
  return file;
}

model::ElfSearch search(const std::string& file,
                        std::optional<model::Abi> loader = kThisAbi) {
  return read_elf_search(
      [&file](std::uint64_t offset, std::size_t size) {
        return offset >= file.size() ? std::string()
                                     : file.substr(offset, size);
      },
      "/opt/app/bin", loader);
}

model::ElfSearch of_kind(model::ElfKind kind) {
  model::ElfSearch search;
  search.kind = kind;
  return search;
}

TEST(ElfSearch, BothPathsWithTheirOrigin) {
  EXPECT_EQ(search(dynamic_elf("/a:$ORIGIN/../lib", "${ORIGIN}:/b")),
            (model::ElfSearch{"/a:/opt/app/bin/../lib", "/opt/app/bin:/b"}));
  EXPECT_EQ(search(dynamic_elf("", "/b")), (model::ElfSearch{"", "/b"}));
}

TEST(ElfSearch, OriginEndsWhereTheNameEnds) {
  EXPECT_EQ(search(dynamic_elf("$ORIGINAL/a", "${ORIGIN}s/$ORIGIN_")),
            (model::ElfSearch{"$ORIGINAL/a", "/opt/app/bins/$ORIGIN_"}));
}

TEST(ElfSearch, NeedsInTheirOrder) {
  const auto found = search(dynamic_elf("", "/b", {"libz.so.1", "./liba.so"}));
  EXPECT_THAT(found.needed, ::testing::ElementsAre("libz.so.1", "./liba.so"));
  EXPECT_EQ(found.kind, model::ElfKind::Object);
}

TEST(ElfSearch, NothingWhereNothingIs) {
  EXPECT_EQ(search(dynamic_elf("", "")), model::ElfSearch());
  EXPECT_EQ(search(elf_bytes("/lib/ld.so")), model::ElfSearch());
}

TEST(ElfSearch, WhatTheLoaderRefuses) {
  const auto not_elf = of_kind(model::ElfKind::NotElf);
  EXPECT_EQ(search("#!/bin/sh\n"), not_elf);
  EXPECT_EQ(search(""), not_elf);
  const std::string good = dynamic_elf("", "/b", {"libz.so.1"});
  EXPECT_EQ(search(good.substr(0, sizeof(Elf64_Ehdr) - 1)), not_elf);
  EXPECT_EQ(search(good.substr(0, sizeof(Elf64_Ehdr) + 8)), not_elf);
  std::string core = good;
  core[offsetof(Elf64_Ehdr, e_type)] = ET_CORE;
  EXPECT_EQ(search(core), not_elf);

  const auto wrong = of_kind(model::ElfKind::WrongArch);
  EXPECT_EQ(search(elf_bytes("", kOtherMachine)), wrong);
  std::string small = good;
  small[EI_CLASS] = ELFCLASS32;
  EXPECT_EQ(search(small), wrong);
  // The loader of a 32-bit program, on the same machine.
  EXPECT_EQ(search(good, kSmallAbi), wrong);
  // What the kernel took is not judged.
  EXPECT_EQ(search(elf_bytes("", kOtherMachine), std::nullopt).kind,
            model::ElfKind::Object);
}

TEST(ElfSearch, OriginsDoNotPileUp) {
  std::string rpath;
  while (rpath.size() < 280) rpath += "$ORIGIN:";
  const std::string file = dynamic_elf(rpath, "");
  const auto found = read_elf_search(
      [&file](std::uint64_t offset, std::size_t size) {
        return offset >= file.size() ? std::string()
                                     : file.substr(offset, size);
      },
      std::string(4000, 'o'), kThisAbi);
  EXPECT_LT(found.rpath.size(), 70'000U);
}

TEST(Program, SaysNothingOfItsLibrariesUnasked) {
  FakeTree tree;
  tree.dir("/bin");
  tree.file("/bin/dynamic", 0755, elf_bytes("/lib/ld.so.2"));
  const Program program = read_program(tree, "/bin/dynamic", "/", false);
  EXPECT_EQ(program.elf, std::nullopt);
  EXPECT_EQ(program.interpreters.size(), 1U);
}

TEST(ElfSearch, AnyByteMayBeWrong) {
  const std::string good = dynamic_elf("/a", "/b");
  for (std::size_t at = 0; at < kDynamicAt + kEntries * sizeof(Elf64_Dyn);
       ++at) {
    for (const char byte : {'\0', '\x7f', '\xff'}) {
      std::string bad = good;
      bad[at] = byte;
      static_cast<void>(search(bad));
    }
    static_cast<void>(search(good.substr(0, at)));
  }
}

TEST(Program, TellsWhetherItHasALoader) {
  FakeTree tree;
  tree.dir("/bin").dir("/lib");
  tree.file("/bin/dynamic", 0755, elf_bytes("/lib/ld.so.2"));
  tree.file("/bin/static", 0755, elf_bytes(""));
  tree.file("/lib/ld-2.31.so", 0755, elf_bytes(""));
  tree.link("/lib/ld.so.2", "ld-2.31.so");
  const auto kind = [&](const char* path) {
    return read_program(tree, path, "/", true).elf->kind;
  };
  EXPECT_EQ(kind("/bin/dynamic"), model::ElfKind::Object);
  EXPECT_EQ(kind("/bin/static"), model::ElfKind::Static);
  EXPECT_EQ(kind("/lib/ld.so.2"), model::ElfKind::Loader);
  EXPECT_EQ(read_program(tree, "/none", "/", true).elf, std::nullopt);
}

TEST(Program, FollowsScriptsToTheLoader) {
  FakeTree tree;
  tree.dir("/bin").dir("/lib").dir("/w");
  tree.file("/bin/dash", 0755, elf_bytes("/lib/ld.so"));
  tree.link("/bin/sh", "dash");
  tree.file("/bin/env", 0755, "#!/bin/sh\n");
  tree.file("/w/tool", 0755, "#!../bin/env sh\n");
  EXPECT_EQ(read_program(tree, "/w/tool", "/w", true).interpreters,
            (std::vector<std::string>{"../bin/env", "/bin/sh", "/lib/ld.so"}));
  EXPECT_TRUE(read_program(tree, "/none", "/w", true).interpreters.empty());
  tree.file("/w/self", 0755, "#!/w/self\n");
  EXPECT_EQ(read_program(tree, "/w/self", "/w", true).interpreters.size(), 6u);
}

}  // namespace
}  // namespace driftcage::trace
