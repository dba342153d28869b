// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "harness/base/result.h"
#include "harness/base/unique_fd.h"

// One-to-one wrappers of system calls: retry EINTR, name themselves and their
// object in the error. See section 2 of the man page of the same name.
namespace driftcage::base::sys {

[[nodiscard]] Result<UniqueFd> open(const std::string& path, int flags,
                                    mode_t mode = 0);
[[nodiscard]] Result<UniqueFd> openat(int dir, const std::string& path,
                                      int flags, mode_t mode = 0);
// Both ends close-on-exec; first is the read end.
[[nodiscard]] Result<std::pair<UniqueFd, UniqueFd>> pipe();
[[nodiscard]] Result<struct ::stat> stat(const std::string& path);
[[nodiscard]] Result<std::string> readlinkat(int dir, const std::string& path);
[[nodiscard]] Status mkdir(const std::string& path, mode_t mode);
// mkdir -p; succeeds when the directory exists.
[[nodiscard]] Status make_directories(const std::string& path, mode_t mode);

// Whole file; fails with EFBIG past `limit` bytes.
[[nodiscard]] Result<std::string> read_file(const std::string& path,
                                            std::size_t limit = 64u << 20);
[[nodiscard]] Result<std::string> read_fd(int fd, std::string_view name,
                                          std::size_t limit = 64u << 20);
// Writes all bytes, or fails.
[[nodiscard]] Status write_all(int fd, std::string_view bytes,
                               std::string_view name);
// Creates or truncates `path`.
[[nodiscard]] Status write_file(const std::string& path, std::string_view bytes,
                                mode_t mode = 0644);
// Writes a temporary sibling and renames it over `path`: readers see the old
// file or the new one, never half of either.
[[nodiscard]] Status replace_file(const std::string& path,
                                  std::string_view bytes, mode_t mode = 0644);

// CLOCK_MONOTONIC in nanoseconds.
[[nodiscard]] std::uint64_t monotonic_ns();

}  // namespace driftcage::base::sys
