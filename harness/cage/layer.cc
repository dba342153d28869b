// SPDX-License-Identifier: Apache-2.0
#include "harness/cage/layer.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <utility>

#include "harness/base/path.h"
#include "harness/base/sys.h"

namespace driftcage::cage {

bool is_mapped(const struct stat& status) {
  constexpr std::uint32_t kNobody = 65534;
  return status.st_uid != kNobody && status.st_gid != kNobody;
}

base::Result<std::shared_ptr<Layer>> make_layer(
    Scratch& scratch, base::UniqueFd lower, const std::string& target,
    std::span<const std::string_view> own) {
  auto layer = std::make_shared<Layer>();
  const std::string upper = DRIFTCAGE_TRY(scratch.directory("u"));
  const std::string work = DRIFTCAGE_TRY(scratch.directory("w"));
  struct stat status {};
  if (::fstat(lower.get(), &status) != 0) {
    return base::fail("stat", target, errno);
  }
  // The root of an overlay has the attributes of the upper directory.
  if ((status.st_mode & 07777) != 0755 &&
      ::chmod(upper.c_str(), status.st_mode & 07777) != 0) {
    return base::fail("chmod", upper, errno);
  }
  for (const std::string_view name : own) {
    DRIFTCAGE_CHECK_OK(base::sys::mkdir(upper + std::string(name), 0755));
  }
  layer->lower = std::move(lower);
  DRIFTCAGE_CHECK_OK(
      mount_overlay(fd_path(layer->lower.get()), upper, work, target));
  layer->upper = DRIFTCAGE_TRY(base::sys::open(upper, O_PATH | O_DIRECTORY));
  layer->root = DRIFTCAGE_TRY(base::sys::open(target, O_PATH | O_DIRECTORY));
  return layer;
}

base::Result<bool> prepare(Layer& layer, const std::string& path) {
  if (path.empty() || layer.prepared.contains(path)) return false;
  bool made = false;
  std::string prefix;
  for (const std::string_view part : base::path::components(path)) {
    if (!prefix.empty()) prefix += '/';
    prefix += part;
    struct stat status {};
    if (layer.prepared.contains(prefix)) continue;
    if (::fstatat(layer.upper.get(), prefix.c_str(), &status,
                  AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno != ENOENT) return base::fail("stat", prefix, errno);
      if (::fstatat(layer.lower.get(), prefix.c_str(), &status,
                    AT_SYMLINK_NOFOLLOW) != 0) {
        return base::fail("stat", prefix, errno);
      }
      if (!S_ISDIR(status.st_mode)) return base::fail("stat", prefix, ENOTDIR);
      if (::mkdirat(layer.upper.get(), prefix.c_str(), 0755) != 0 ||
          (is_mapped(status) &&
           ::fchownat(layer.upper.get(), prefix.c_str(), status.st_uid,
                      status.st_gid, AT_SYMLINK_NOFOLLOW) != 0) ||
          ::fchmodat(layer.upper.get(), prefix.c_str(), status.st_mode & 07777,
                     0) != 0) {
        return base::fail("mkdir", prefix, errno);
      }
      made = true;
    } else if (!S_ISDIR(status.st_mode)) {
      return base::fail("stat", prefix, ENOTDIR);
    }
    layer.prepared.insert(prefix);
  }
  return made;
}

base::Status flush(const Layer& layer) {
  // Reconfiguring a file system, even to what it is, drops its unused names
  // first: the only way to that from inside a user namespace.
  const base::UniqueFd context(
      ::fspick(layer.root.get(), "", FSPICK_EMPTY_PATH | FSPICK_CLOEXEC));
  if (!context || ::fsconfig(context.get(), FSCONFIG_CMD_RECONFIGURE, nullptr,
                             nullptr, 0) != 0) {
    return base::fail("flush overlay", {}, errno);
  }
  return {};
}

}  // namespace driftcage::cage
