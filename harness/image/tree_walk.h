// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "harness/base/result.h"

namespace driftcage::image {

// One file of a file system, whatever it is called.
struct FileId {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  auto operator<=>(const FileId&) const = default;
};
[[nodiscard]] inline FileId id_of(const struct ::stat& status) {
  return {status.st_dev, status.st_ino};
}
struct FileIdHash {
  std::size_t operator()(const FileId& id) const {
    return std::hash<std::uint64_t>()(id.inode * 31 + id.device);
  }
};

// A file met on a walk. `dir` and `name` are for the calls of the *at family;
// `fd` is open when it is a directory, else -1.
struct Visit {
  int dir = -1;
  const std::string& name;
  const std::string& path;  // from the walk's top, without a leading slash
  int fd = -1;
  const struct ::stat& status;
};

struct WalkOptions {
  bool directories_only = false;
  // A directory that its owner locked is unlocked (chmod) instead of left out.
  bool unlock = false;
};

// Directories below each other that a walk takes part in: each one costs a
// descriptor.
inline constexpr int kMaxWalkDepth = 256;

// The names in an open directory but "." and "..", sorted.
[[nodiscard]] base::Result<std::vector<std::string>> list_names(int dir);

// Calls `visit` for everything below the directory `top`, children before
// their directory, in the order of names; links are not followed. Directories
// that cannot be opened for lack of permission are visited with fd -1. Fails
// with ELOOP below kMaxWalkDepth.
[[nodiscard]] base::Status walk_tree(
    int top, const WalkOptions& options,
    const std::function<base::Status(const Visit&)>& visit);

// Removes `name` in `dir` with everything below, however deep it is and
// whatever modes its directories have. Fine when it does not exist.
[[nodiscard]] base::Status remove_tree(int dir, const std::string& name);

}  // namespace driftcage::image
