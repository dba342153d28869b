// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "harness/base/result.h"
#include "harness/base/unique_fd.h"
#include "harness/image/tree_walk.h"

namespace driftcage::image {

// A directory of the tree that is being written.
struct OpenDirectory {
  base::UniqueFd fd;  // O_PATH
  FileId id;
};

// Where an entry goes: a name in a directory. No name: the root itself.
struct Place {
  std::shared_ptr<const OpenDirectory> directory;
  std::string name;
};

// The components of an archive's name as if it were absolute: "." and empty
// ones gone, ".." folded away without leaving the top.
[[nodiscard]] std::vector<std::string> clean_components(std::string_view path);

// Names inside a tree that is untrusted and written by nobody else: links are
// followed as a process with this root would follow them, so nothing outside
// is ever reached (openat2(2) with RESOLVE_IN_ROOT; the same in user space
// where the kernel does not have or does not allow it).
class RootTree {
 public:
  enum class Missing : unsigned char { Fail, Create };
  // Called for each directory that came into being on the way to a place.
  using NewDirectory = std::function<void(const FileId&)>;

  // `path` is an existing directory. `use_openat2` is false in tests only.
  static base::Result<RootTree> open(const std::string& path,
                                     bool use_openat2 = true);

  void on_new_directory(NewDirectory call) { new_directory_ = std::move(call); }

  // The place that `path` names; its last component is not followed. With
  // Create, missing directories are made (mode 0700), and whatever else
  // stands in the way of one is replaced by it.
  [[nodiscard]] base::Result<Place> place(std::string_view path,
                                          Missing missing);
  // The same for components that are clean already.
  [[nodiscard]] base::Result<Place> place(
      const std::vector<std::string>& components, Missing missing);
  // The directory that `components` name, links followed to the end.
  [[nodiscard]] base::Result<std::shared_ptr<const OpenDirectory>> directory(
      const std::vector<std::string>& components, Missing missing);

  // To be called whenever a link or a directory was removed or replaced.
  void forget_resolved() { resolved_.clear(); }
  [[nodiscard]] int fd() const { return root_->fd.get(); }
  [[nodiscard]] const std::shared_ptr<const OpenDirectory>& root() const {
    return root_;
  }

 private:
  using Directory = std::shared_ptr<const OpenDirectory>;

  [[nodiscard]] base::Result<Directory> resolve(const std::string& path) const;
  [[nodiscard]] base::Result<Directory> walk(
      const std::vector<std::string>& components, Missing missing);
  [[nodiscard]] base::Result<Directory> make(int dir, const std::string& name);

  Directory root_;
  bool use_openat2_ = true;
  NewDirectory new_directory_;
  std::unordered_map<std::string, Directory> resolved_;
};

}  // namespace driftcage::image
