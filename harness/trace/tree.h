// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "harness/model/event.h"
#include "harness/trace/credentials.h"

namespace driftcage::trace {

// One file of a tree, not followed when it is a symbolic link.
struct Node {
  Owner owner;
  std::uint64_t mount = 0;  // id of the mount it is on
  bool immutable = false;   // chattr(1) +i or +a
};

// The mount and the file system that a file lies on.
struct MountFacts {
  bool noexec = false;
  bool nodev = false;
  bool no_blocks = false;  // none left for an ordinary user
  bool no_inodes = false;
};

// A file tree as it is right now. Paths are absolute in the tree and hold no
// symbolic link, "." or ".." before the last component. Functions return 0 or
// an errno value.
class Tree {
 public:
  virtual ~Tree() = default;
  virtual int stat(const std::string& path, Node& node) = 0;
  virtual int readlink(const std::string& path, std::string& target) = 0;
  // Up to `size` bytes at `offset`; "" when unreadable.
  virtual std::string read(const std::string& path, std::uint64_t offset,
                           std::size_t size) = 0;
  virtual MountFacts mount_facts(const std::string& path) = 0;
};

// How a walk along a path ended.
struct Walk {
  // None: it leads to `node`. Otherwise why it does not, and where.
  model::Cause cause = model::Cause::None;
  bool unknown = false;  // the tracer may not look where the tracee may
  std::string at;        // the file, or what is in the way
  Node node;
};

// Follows `path`, absolute in the tree, as path_resolution(7) says. `who` null:
// without permission checks. `follow`: also a link as last component.
[[nodiscard]] Walk walk(Tree& tree, const Credentials* who,
                        const std::string& path, bool follow);

// The root of the mount that `path` (as Walk::at gives it) lies on.
[[nodiscard]] std::string mount_point(Tree& tree, const std::string& path);

}  // namespace driftcage::trace
