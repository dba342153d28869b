// SPDX-License-Identifier: Apache-2.0
#include "harness/cage/layer.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "harness/base/path.h"
#include "harness/base/sys.h"

namespace driftcage::cage {

bool is_mapped(const struct stat& status) {
  constexpr std::uint32_t kNobody = 65534;
  return status.st_uid != kNobody && status.st_gid != kNobody;
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
