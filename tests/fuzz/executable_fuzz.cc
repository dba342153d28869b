// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

#include "harness/trace/elf_search.h"
#include "harness/trace/executable.h"

namespace trace = driftcage::trace;

// ELF files and #! lines: no answer reaches outside of the file, and nothing
// asks for more than the kernel's own limits allow.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string file(reinterpret_cast<const char*>(data), size);
  const trace::ReadAt read_at = [&file](std::uint64_t offset, std::size_t n) {
    if (n > 65536) std::abort();
    return offset >= file.size() ? std::string() : file.substr(offset, n);
  };
  const trace::Executable program = trace::read_executable(read_at);
  if (program.interpreter.find('\0') != std::string::npos) std::abort();
  if (!program.interpreter.empty() &&
      std::search(file.begin(), file.end(), program.interpreter.begin(),
                  program.interpreter.end()) == file.end()) {
    std::abort();
  }
  static_cast<void>(trace::read_elf_search(read_at, "/origin", std::nullopt));
  static_cast<void>(trace::read_script(file));
  return 0;
}
