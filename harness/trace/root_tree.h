// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <string>

#include "harness/base/unique_fd.h"
#include "harness/trace/tree.h"

namespace driftcage::trace {

// The tree below an open root directory. Nothing in it can lead out of it:
// openat2(2) with RESOLVE_IN_ROOT, however links change meanwhile.
class RootTree : public Tree {
 public:
  RootTree() = default;
  explicit RootTree(base::UniqueFd root) : root_(std::move(root)) {}
  [[nodiscard]] bool is_open() const { return static_cast<bool>(root_); }

  // What /proc/self and /proc/thread-self mean for the thread that is being
  // explained, in the pid namespace of the tree's /proc.
  void set_self(pid_t pid, pid_t tid);

  // The quick answer for the most common failure: true when the directory of
  // `path` exists and its last component does not. False: walk() will know.
  [[nodiscard]] bool is_plainly_missing(const std::string& path);
  // `path` without those ".." that follow a directory which is no link: there,
  // and only there, text and kernel agree on what is above.
  [[nodiscard]] std::string fold(const std::string& path);
  // What the kernel makes of `path` now; "" when that can not be told.
  [[nodiscard]] std::string real_path(const std::string& path);

  // Whether `path` leads to the file that `info` is of.
  [[nodiscard]] bool leads_to(const std::string& path,
                              const struct statx& info);

  int stat(const std::string& path, Node& node) override;
  int readlink(const std::string& path, std::string& target) override;
  std::string read(const std::string& path, std::uint64_t offset,
                   std::size_t size) override;
  MountFacts mount_facts(const std::string& path) override;

 private:
  [[nodiscard]] base::UniqueFd open(const std::string& path, int flags);

  base::UniqueFd root_;
  pid_t self_ = 0;
  pid_t thread_self_ = 0;
};

}  // namespace driftcage::trace
