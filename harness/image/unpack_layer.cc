// SPDX-License-Identifier: Apache-2.0
#include "harness/image/unpack_layer.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#include "harness/base/sys.h"

namespace driftcage::image {
namespace {

constexpr std::string_view kPrefix = ".wh.";

using BecameNew = std::function<void(const FileId&)>;

class LowerRemoval {
 public:
  LowerRemoval(const LayerNames& upper, const BecameNew& became_new)
      : upper_(upper), became_new_(became_new) {}

  // True when nothing is left at `name`.
  base::Result<bool> remove(int dir, const FileId& dir_id,
                            const std::string& name, int depth) {
    struct ::stat status {};
    if (::fstatat(dir, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == ENOENT) return true;
      return base::fail("stat", name, errno);
    }
    const bool own = upper_.contains(dir_id, name);
    if (!S_ISDIR(status.st_mode)) {
      if (own) return false;
      if (::unlinkat(dir, name.c_str(), 0) != 0)
        return base::fail("remove", name, errno);
      return true;
    }
    const FileId id = id_of(status);
    bool empty = false;
    {
      const base::UniqueFd fd = DRIFTCAGE_TRY(
          base::sys::openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
      empty = DRIFTCAGE_TRY(remove_children(fd.get(), id, depth + 1));
    }
    if (own) return false;
    if (!empty) {
      became_new_(id);
      return false;
    }
    if (::unlinkat(dir, name.c_str(), AT_REMOVEDIR) != 0)
      return base::fail("rmdir", name, errno);
    return true;
  }

  base::Result<bool> remove_children(int dir, const FileId& id, int depth) {
    if (depth > kMaxWalkDepth) {
      return base::fail("remove", "layer's lower files", ELOOP,
                        "directories are nested too deeply");
    }
    bool empty = true;
    for (const std::string& name : DRIFTCAGE_TRY(list_names(dir))) {
      const bool gone = DRIFTCAGE_TRY(remove(dir, id, name, depth));
      empty = empty && gone;
    }
    return empty;
  }

 private:
  const LayerNames& upper_;
  const BecameNew& became_new_;
};

}  // namespace

std::string LayerNames::key(const FileId& directory, const std::string& name) {
  std::string key(sizeof(directory.device) + sizeof(directory.inode), '\0');
  std::memcpy(key.data(), &directory.device, sizeof(directory.device));
  std::memcpy(key.data() + sizeof(directory.device), &directory.inode,
              sizeof(directory.inode));
  return key + name;
}

WhiteoutKind whiteout_kind(const std::string& name) {
  if (!name.starts_with(kPrefix)) return WhiteoutKind::None;
  const std::string target = whiteout_target(name);
  if (target.empty() || target == "." || target == "..")
    return WhiteoutKind::Invalid;
  if (!target.starts_with(kPrefix)) return WhiteoutKind::Name;
  return target == ".wh..opq" ? WhiteoutKind::Opaque : WhiteoutKind::Ignored;
}

std::string whiteout_target(const std::string& name) {
  return name.substr(kPrefix.size());
}

base::Status remove_lower(int dir, const FileId& dir_id,
                          const std::string& name, const LayerNames& upper,
                          const BecameNew& became_new) {
  DRIFTCAGE_CHECK_OK(
      LowerRemoval(upper, became_new).remove(dir, dir_id, name, 0));
  return {};
}

base::Status remove_lower_children(int dir, const FileId& dir_id,
                                   const LayerNames& upper,
                                   const BecameNew& became_new) {
  const base::UniqueFd own =
      DRIFTCAGE_TRY(base::sys::openat(dir, ".", O_RDONLY | O_DIRECTORY));
  DRIFTCAGE_CHECK_OK(
      LowerRemoval(upper, became_new).remove_children(own.get(), dir_id, 0));
  return {};
}

}  // namespace driftcage::image
