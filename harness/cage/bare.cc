// SPDX-License-Identifier: Apache-2.0
#include "harness/cage/bare.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "harness/base/path.h"

namespace driftcage::cage {

bool is_in_own_directory(std::string_view path) {
  return std::any_of(
      kOwnDirectories.begin(), kOwnDirectories.end(),
      [path](std::string_view own) { return base::path::is_below(path, own); });
}

namespace {

bool is_masked(const model::CageSpec& spec, std::string_view path) {
  return std::any_of(spec.masks.begin(), spec.masks.end(),
                     [path](const std::string& mask) {
                       return base::path::is_below(path, mask);
                     });
}

}  // namespace

BareMounts bare_mounts(const model::CageSpec& spec,
                       const std::vector<MountEntry>& mounts) {
  BareMounts bare;
  if (::geteuid() != 0 || spec.root != "/") return bare;
  for (const MountEntry& mount : mounts) {
    if (is_in_own_directory(mount.at) || bare.contains(mount.at) ||
        is_masked(spec, mount.at)) {
      continue;
    }
    // Another mount that covers it may have a directory of its name.
    struct statx info {};
    if (::statx(AT_FDCWD, mount.at.c_str(),
                AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, 0, &info) != 0) {
      if (errno != ENOENT && errno != ENOTDIR) return {};
      continue;
    }
    if ((info.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0 &&
        (info.stx_attributes & STATX_ATTR_MOUNT_ROOT) == 0) {
      continue;
    }
    base::UniqueFd tree(
        ::open_tree(AT_FDCWD, mount.at.c_str(),
                    OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_NO_AUTOMOUNT));
    // It may be unbindable, or have children that are locked. Without it what
    // it hides would show.
    if (!tree) return {};
    // What the host mounts later must not come in, nor the other way round.
    struct mount_attr attributes {};
    attributes.propagation = MS_PRIVATE;
    if (::mount_setattr(tree.get(), "", AT_EMPTY_PATH, &attributes,
                        sizeof attributes) != 0) {
      return {};
    }
    bare[mount.at] = std::move(tree);
  }
  return bare;
}

}  // namespace driftcage::cage
