// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "harness/base/result.h"
#include "harness/cage/regions.h"
#include "harness/cage/steps.h"
#include "harness/cage/tree.h"

namespace driftcage::cage {

// Changes files in the cage's tree, which is the calling process's root. Paths
// are absolute; links lead where they lead for the payload. What is changed
// belongs to the cage's user afterwards. Nothing of an image is ever written.
class Editor {
 public:
  // Whom new files belong to, in the calling process's user namespace.
  struct Owner {
    uid_t uid = 0;
    gid_t gid = 0;
  };
  Editor(Tree& tree, Owner owner, Steps& steps)
      : tree_(tree), owner_(owner), steps_(steps) {}
  [[nodiscard]] const Owner& owner() const { return owner_; }

  // See model::op for what these do.
  [[nodiscard]] base::Status make_directory(const std::string& path,
                                            std::uint32_t mode);
  [[nodiscard]] base::Status write_file(const std::string& path,
                                        const std::string& bytes,
                                        std::uint32_t mode);
  [[nodiscard]] base::Status make_symlink(const std::string& path,
                                          const std::string& target);
  [[nodiscard]] base::Status hide(const std::string& path);
  [[nodiscard]] base::Status chmod(const std::string& path, std::uint32_t mode);
  [[nodiscard]] base::Status truncate(const std::string& path,
                                      std::uint64_t size);
  [[nodiscard]] base::Status corrupt(const std::string& path,
                                     std::uint64_t offset,
                                     std::uint64_t length);

  // `path` without links; it must exist.
  [[nodiscard]] base::Result<std::string> canonical(const std::string& path);
  // The same for a directory, which is made when it is missing.
  [[nodiscard]] base::Result<std::string> directory(const std::string& path);
  // Where something can be mounted: `path` without links, made when missing.
  [[nodiscard]] base::Result<std::string> mount_point(const std::string& path,
                                                      bool is_directory);

 private:
  // The directory of `path` without links, made when missing, then the last
  // component as it is.
  base::Result<std::string> entry(const std::string& path, bool make);
  // Lets names in `dir`, which is canonical, be added and removed.
  base::Status open_up(const std::string& dir);
  // Makes room for a new object at `at`, which is canonical.
  base::Status clear(const std::string& at);
  // Removes `at`, which is canonical, whatever it is.
  base::Status remove(const std::string& at);
  base::Status remove_overlaid(const Region& region, const std::string& at);
  // Makes the file or directory at `at`, which is canonical, the cage's own.
  base::Status own(const std::string& at);
  // Hands over `at`, which was just made, to the owner.
  base::Status give(const std::string& at);
  base::Result<std::string> owned_file(const std::string& path);

  Tree& tree_;
  Owner owner_;
  Steps& steps_;
};

}  // namespace driftcage::cage
