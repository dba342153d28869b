// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace driftcage::trace::memory {

// A stopped tracee. `file`, when there is one, is its /proc/PID/mem since its
// last exec: it is the quickest way to read, and lives on with the old memory.
struct Source {
  pid_t tid = 0;
  int file = -1;
};

// Copies `size` bytes at `address` (/proc/PID/mem, which does not ask for the
// right to read; process_vm_readv(2)). False when there is no memory at any of
// them.
[[nodiscard]] bool read(const Source& source, std::uint64_t address, void* to,
                        std::size_t size);

// The reverse. Where the tracee itself may not write (PTRACE_POKEDATA in
// ptrace(2)), the caller must be its tracer.
[[nodiscard]] bool write(const Source& source, std::uint64_t address,
                         const void* from, std::size_t size);

// The bytes up to a NUL, at most `limit`. Never touches the page behind the
// one that holds the NUL. False when it is unreadable, with what could be read
// in `out`; a string without NUL in `limit` bytes is cut there.
[[nodiscard]] bool read_string(const Source& source, std::uint64_t address,
                               std::string& out, std::size_t limit);

// A NULL-terminated array of string pointers as execve(2) takes it; `wide`
// says that pointers have 8 bytes. A null array is empty, as for the kernel.
enum class ArrayRead : std::uint8_t { Complete, Cut, Unreadable };
[[nodiscard]] ArrayRead read_string_array(const Source& source,
                                          std::uint64_t address, bool wide,
                                          std::vector<std::string>& out);

// As much as read_string_array takes: over the kernel's own limit (a quarter of
// the stack) with the usual 8 MiB stack.
inline constexpr std::size_t kMaxArrayBytes = 4U << 20;
inline constexpr std::size_t kMaxArrayString = 128U << 10;  // MAX_ARG_STRLEN

}  // namespace driftcage::trace::memory
