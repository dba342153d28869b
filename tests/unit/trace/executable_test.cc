// SPDX-License-Identifier: Apache-2.0
#include "harness/trace/executable.h"

#include <gtest/gtest.h>

#include "tests/unit/trace/elf_bytes.h"

namespace driftcage::trace {
namespace {

using Kind = Executable::Kind;

Executable read(const std::string& bytes) {
  return read_executable([&](std::uint64_t offset, std::size_t size) {
    return offset >= bytes.size() ? std::string() : bytes.substr(offset, size);
  });
}

Executable is(Kind kind, const std::string& interpreter = "") {
  return {kind, interpreter};
}

TEST(Executable, Elf) {
  EXPECT_EQ(read(elf_bytes("/lib64/ld.so")), is(Kind::Elf, "/lib64/ld.so"));
  EXPECT_EQ(read(elf_bytes("")), is(Kind::Elf));
  EXPECT_EQ(read(elf_bytes("", kOtherMachine)), is(Kind::WrongArch));
}

TEST(Executable, EveryTruncationOfAnElfFileIsRead) {
  const std::string whole = elf_bytes("/lib64/ld.so");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(read(whole.substr(0, size)).kind, Kind::NotElf) << size;
  }
}

TEST(Executable, ElfWithAnInterpreterFarBehind) {
  std::string bytes = elf_bytes("/lib64/ld.so");
  Elf64_Phdr segment;
  const std::size_t at = sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr);
  std::memcpy(&segment, bytes.data() + at, sizeof(segment));
  segment.p_offset = 100000;
  std::memcpy(bytes.data() + at, &segment, sizeof(segment));
  bytes.resize(100000);
  bytes.append("/lib64/ld.so", 13);
  EXPECT_EQ(read(bytes), is(Kind::Elf, "/lib64/ld.so"));
}

TEST(Executable, LiesAboutSizesAreNotBelieved) {
  std::string bytes = elf_bytes("/lib64/ld.so");
  Elf64_Phdr segment;
  const std::size_t at = sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr);
  std::memcpy(&segment, bytes.data() + at, sizeof(segment));
  segment.p_filesz = ~0ULL;
  std::memcpy(bytes.data() + at, &segment, sizeof(segment));
  EXPECT_EQ(read(bytes).kind, Kind::NotElf);
  segment.p_filesz = 4;  // ends without NUL
  std::memcpy(bytes.data() + at, &segment, sizeof(segment));
  EXPECT_EQ(read(bytes).kind, Kind::NotElf);
}

TEST(Executable, Scripts) {
  EXPECT_EQ(read("#!/bin/sh\necho\n"), is(Kind::Script, "/bin/sh"));
  EXPECT_EQ(read("#!  /usr/bin/env -S python3 -u\n"),
            is(Kind::Script, "/usr/bin/env"));
  EXPECT_EQ(read("#!/bin/sh"), is(Kind::Script, "/bin/sh"));
  EXPECT_EQ(read("#!/bin/sh\r\n"), is(Kind::Script, "/bin/sh\r"));
  EXPECT_EQ(read("#!\n"), is(Kind::NotElf));
  EXPECT_EQ(read("#!   \n/bin/sh\n"), is(Kind::NotElf));
  EXPECT_EQ(read("# !/bin/sh\n"), is(Kind::NotElf));
  EXPECT_EQ(read(""), is(Kind::NotElf));
}

}  // namespace
}  // namespace driftcage::trace
