// SPDX-License-Identifier: Apache-2.0
#include "harness/trace/program.h"

#include "harness/base/path.h"
#include "harness/trace/elf_search.h"
#include "harness/trace/executable.h"

namespace driftcage::trace {

Program read_program(Tree& tree, const std::string& path,
                     const std::string& directory, bool loads) {
  constexpr int kMaxScripts = 5;  // as the kernel
  Program program;
  std::string next = path;
  for (int i = 0; i <= kMaxScripts; ++i) {
    const Walk file = walk(tree, nullptr, next, true);
    if (file.cause != model::Cause::None || file.unknown) return program;
    const ReadAt read_at = [&](std::uint64_t offset, std::size_t size) {
      return tree.read(file.at, offset, size);
    };
    const Executable kind = read_executable(read_at);
    if (!kind.interpreter.empty())
      program.interpreters.push_back(kind.interpreter);
    if (kind.kind == Executable::Kind::Elf) {
      if (!loads) return program;
      if (!kind.interpreter.empty()) {
        program.elf = read_elf_search(
            read_at, std::string(base::path::dir_name(file.at)), std::nullopt);
      } else {
        // Only the loader has no loader and is a shared object, by its name.
        const bool object =
            base::path::base_name(file.at).find(".so") != std::string::npos;
        program.elf.emplace().kind =
            object ? model::ElfKind::Loader : model::ElfKind::Static;
      }
      return program;
    }
    if (kind.kind != Executable::Kind::Script || kind.interpreter.empty())
      return program;
    next = base::path::absolute(directory, kind.interpreter);
  }
  return program;
}

}  // namespace driftcage::trace
