// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>

namespace driftcage::image {

// A file as seen from inside a root directory.
struct RootFile {
  std::string path;  // absolute inside the root, every link resolved
  struct ::stat status {};
};

// Looks `path` up as a process with that root would: absolute links and ".."
// stay inside (openat2(2) RESOLVE_IN_ROOT). Empty when it does not exist.
[[nodiscard]] std::optional<RootFile> look_up(const std::string& root,
                                              const std::string& path);

// A regular file that somebody may execute, or a directory, in the root.
[[nodiscard]] bool is_program(const std::string& root, const std::string& path);
[[nodiscard]] bool is_directory(const std::string& root,
                                const std::string& path);

}  // namespace driftcage::image
