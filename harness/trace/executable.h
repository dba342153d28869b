// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace driftcage::trace {

// How the kernel would take a file that is to be executed: binfmt_elf and
// binfmt_script, without binfmt_misc.
struct Executable {
  enum class Kind : std::uint8_t {
    Elf,        // of this machine
    Script,     // #!
    WrongArch,  // ELF of another class or machine
    NotElf,     // anything else: empty, text, truncated
  };
  Kind kind = Kind::NotElf;
  // PT_INTERP of an ELF file ("" for a static one), or what follows #! up to
  // the first blank: a carriage return stays in it, as it does for the kernel.
  std::string interpreter;
  bool operator==(const Executable&) const = default;
};

// Reads up to `size` bytes at `offset`; fewer at the end of the file.
using ReadAt =
    std::function<std::string(std::uint64_t offset, std::size_t size)>;

// Pure but for `read_at`. Trusts no length or offset that the file tells.
[[nodiscard]] Executable read_executable(const ReadAt& read_at);

// The #! line; `head` is the file's first 256 bytes. Kind is Script or NotElf.
[[nodiscard]] Executable read_script(std::string_view head);

}  // namespace driftcage::trace
