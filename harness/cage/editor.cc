// SPDX-License-Identifier: Apache-2.0
#include "harness/cage/editor.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>
#include <vector>

#include "harness/base/path.h"
#include "harness/base/sys.h"
#include "harness/cage/directory.h"
#include "harness/cage/layer.h"

namespace driftcage::cage {
namespace {

constexpr std::size_t kPiece = 64u << 10;

std::string joined(const std::string& dir, std::string_view name) {
  std::string path = dir == "/" ? "" : dir;
  path += '/';
  path += name;
  return path;
}

std::string parent_of(const std::string& canonical_path) {
  return std::string(base::path::dir_name(canonical_path));
}

bool is_there(const std::string& path, struct stat& status) {
  return ::lstat(path.c_str(), &status) == 0;
}

// The content of `from`, with its times, as a new file `to`.
base::Status copy_file(const base::UniqueFd& from, const struct stat& status,
                       const std::string& to) {
  const base::UniqueFd out = DRIFTCAGE_TRY(
      base::sys::open(to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
  DRIFTCAGE_CHECK_OK(copy_content(from.get(), out.get(), to));
  const std::array<timespec, 2> times = {status.st_atim, status.st_mtim};
  if (::fchmod(out.get(), status.st_mode & 07777) != 0 ||
      ::futimens(out.get(), times.data()) != 0) {
    return base::fail("set attributes", to, errno);
  }
  return {};
}

}  // namespace

base::Result<std::string> Editor::canonical(const std::string& path) {
  const base::UniqueFd fd = DRIFTCAGE_TRY(open_place(AT_FDCWD, path));
  return base::sys::readlinkat(tree_.proc.get(),
                               "self/fd/" + std::to_string(fd.get()));
}

base::Result<std::string> Editor::directory(const std::string& path) {
  auto found = canonical(path);
  if (found) {
    struct stat status {};
    if (!is_there(*found, status)) return base::fail("stat", path, errno);
    if (!S_ISDIR(status.st_mode)) return base::fail("mkdir", path, ENOTDIR);
    return found;
  }
  if (found.error().err != ENOENT) {
    return base::fail("mkdir", path, found.error().err);
  }
  const std::string clean = base::path::absolute("/", path);
  const std::string dir =
      DRIFTCAGE_TRY(directory(std::string(base::path::dir_name(clean))));
  const std::string at = joined(dir, base::path::base_name(clean));
  struct stat status {};
  if (is_there(at, status)) {
    return base::fail("mkdir", path, EEXIST, "a dangling link is in its place");
  }
  DRIFTCAGE_CHECK_OK(open_up(dir));
  DRIFTCAGE_CHECK_OK(base::sys::mkdir(at, 0755));
  DRIFTCAGE_CHECK_OK(give(at));
  return at;
}

base::Status Editor::give(const std::string& at) {
  if (owner_.uid == 0 && owner_.gid == 0) return {};  // the process's own ids
  if (::lchown(at.c_str(), owner_.uid, owner_.gid) != 0)
    return base::fail("chown", at, errno);
  return {};
}

base::Result<std::string> Editor::entry(const std::string& path, bool make) {
  const std::string clean = base::path::absolute("/", path);
  const std::string_view name = base::path::base_name(clean);
  if (name.empty() || name == "..") {
    return base::fail("edit", path, EINVAL, "it names no entry of a directory");
  }
  const std::string above(base::path::dir_name(clean));
  return joined(DRIFTCAGE_TRY(make ? directory(above) : canonical(above)),
                name);
}

base::Status Editor::open_up(const std::string& dir) {
  const Region& region = tree_.regions.find(dir);
  switch (region.kind) {
    case RegionKind::Plain:
      return {};
    case RegionKind::ReadOnly:
      return base::fail("change", dir, EROFS,
                        "it is mounted read-only in the cage");
    case RegionKind::Overlay:
      break;
  }
  const std::string inside = RegionMap::in_layer(region, dir);
  if (DRIFTCAGE_TRY(prepare(*region.layer, inside))) {
    return flush(*region.layer);
  }
  return {};
}

base::Status Editor::remove_overlaid(const Region& region,
                                     const std::string& at) {
  const Layer& layer = *region.layer;
  const std::string inside = RegionMap::in_layer(region, at);
  if (inside.empty()) {
    return base::fail("hide", at, EBUSY, "it is the root of the cage");
  }
  DRIFTCAGE_CHECK_OK(remove_tree(layer.upper.get(), inside));
  std::erase_if(region.layer->prepared, [&](const std::string& prepared) {
    return base::path::is_below(prepared, inside);
  });
  DRIFTCAGE_CHECK_OK(flush(layer));
  // A whiteout only where the lower layer shows: in an opaque directory it
  // would be listed.
  struct stat status {};
  if (!is_there(at, status)) return {};
  if (::mknodat(layer.upper.get(), inside.c_str(), S_IFCHR, ::makedev(0, 0)) !=
      0) {
    return base::fail("hide", at, errno);
  }
  return flush(layer);
}

base::Status Editor::remove(const std::string& at) {
  for (const std::string& mount : tree_.regions.starts_below(at)) {
    if (mount == "/") return base::fail("hide", at, EBUSY);
    ::umount2(mount.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
    tree_.regions.remove(mount);
  }
  // Devices are mounts of their own, too; EINVAL: it is none.
  while (::umount2(at.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) == 0) {
  }
  struct stat status {};
  if (!is_there(at, status)) return {};
  const std::string dir = parent_of(at);
  DRIFTCAGE_CHECK_OK(open_up(dir));
  const Region& region = tree_.regions.find(at);
  if (!S_ISDIR(status.st_mode) || region.kind == RegionKind::Plain) {
    const base::UniqueFd parent =
        DRIFTCAGE_TRY(base::sys::open(dir, O_PATH | O_DIRECTORY));
    return remove_tree(parent.get(), std::string(base::path::base_name(at)));
  }
  DRIFTCAGE_CHECK_OK(remove_overlaid(region, at));
  if (is_there(at, status)) {
    return base::fail("hide", at, EBUSY, "something in the cage holds it");
  }
  return {};
}

base::Status Editor::clear(const std::string& at) {
  struct stat status {};
  if (is_there(at, status)) DRIFTCAGE_CHECK_OK(remove(at));
  return open_up(parent_of(at));
}

base::Status Editor::own(const std::string& at) {
  const Region& region = tree_.regions.find(at);
  if (region.kind == RegionKind::ReadOnly) return open_up(at);
  if (region.kind == RegionKind::Plain) return {};
  struct stat status {};
  if (!is_there(at, status)) return base::fail("stat", at, errno);
  if (S_ISDIR(status.st_mode)) return open_up(at);
  if (!S_ISREG(status.st_mode)) {
    return base::fail("change", at, EINVAL, "it is no regular file");
  }
  const std::string inside = RegionMap::in_layer(region, at);
  struct stat in_upper {};
  if (::fstatat(region.layer->upper.get(), inside.c_str(), &in_upper,
                AT_SYMLINK_NOFOLLOW) == 0) {
    return {};
  }
  DRIFTCAGE_CHECK_OK(open_up(parent_of(at)));
  // The kernel's own copy-up would keep the owner, which is not mapped.
  const auto source = base::sys::open(at, O_RDONLY | O_NOFOLLOW);
  if (!source) {
    return base::fail(
        "read", at, source.error().err,
        "only files that the cage's user can read can be changed");
  }
  if (::unlink(at.c_str()) != 0) return base::fail("replace", at, errno);
  DRIFTCAGE_CHECK_OK(copy_file(*source, status, at));
  if (!is_mapped(status)) return give(at);
  if (::lchown(at.c_str(), status.st_uid, status.st_gid) != 0 ||
      ::chmod(at.c_str(), status.st_mode & 07777) != 0) {
    return base::fail("set attributes", at, errno);
  }
  return {};
}

base::Result<std::string> Editor::owned_file(const std::string& path) {
  std::string at = DRIFTCAGE_TRY(canonical(path));
  struct stat status {};
  if (is_there(at, status) && !S_ISREG(status.st_mode)) {
    return base::fail("change", path, S_ISDIR(status.st_mode) ? EISDIR : EINVAL,
                      "it is no regular file");
  }
  DRIFTCAGE_CHECK_OK(own(at));
  return at;
}

base::Status Editor::make_directory(const std::string& path,
                                    std::uint32_t mode) {
  const bool existed = canonical(path).has_value();
  const std::string at = DRIFTCAGE_TRY(directory(path));
  // The default asks for nothing that an existing directory lacks.
  if (mode == 0755) return {};
  if (existed) DRIFTCAGE_CHECK_OK(own(at));
  if (::chmod(at.c_str(), mode) != 0) return base::fail("chmod", at, errno);
  return {};
}

base::Status Editor::write_file(const std::string& path,
                                const std::string& bytes, std::uint32_t mode) {
  const std::string at = DRIFTCAGE_TRY(entry(path, true));
  DRIFTCAGE_CHECK_OK(clear(at));
  const base::UniqueFd file = DRIFTCAGE_TRY(
      base::sys::open(at, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
  DRIFTCAGE_CHECK_OK(base::sys::write_all(file.get(), bytes, path));
  // Before the mode: a change of owner takes setuid bits away.
  DRIFTCAGE_CHECK_OK(give(at));
  if (::fchmod(file.get(), mode) != 0) {
    return base::fail("chmod", path, errno);
  }
  return {};
}

base::Status Editor::make_symlink(const std::string& path,
                                  const std::string& target) {
  const std::string at = DRIFTCAGE_TRY(entry(path, true));
  DRIFTCAGE_CHECK_OK(clear(at));
  if (::symlink(target.c_str(), at.c_str()) != 0) {
    return base::fail("symlink", path, errno);
  }
  return give(at);
}

base::Status Editor::hide(const std::string& path) {
  const auto at = entry(path, false);
  struct stat status {};
  if (!at || !is_there(*at, status)) {
    const int err = at ? errno : at.error().err;
    if (err != ENOENT && err != ENOTDIR) return base::fail("hide", path, err);
    steps_.note("hide: " + path + " did not exist");
    return {};
  }
  return remove(*at);
}

base::Status Editor::chmod(const std::string& path, std::uint32_t mode) {
  const std::string at = DRIFTCAGE_TRY(canonical(path));
  DRIFTCAGE_CHECK_OK(own(at));
  if (::chmod(at.c_str(), mode) != 0) return base::fail("chmod", path, errno);
  return {};
}

base::Status Editor::truncate(const std::string& path, std::uint64_t size) {
  const std::string at = DRIFTCAGE_TRY(owned_file(path));
  if (::truncate(at.c_str(), static_cast<off_t>(size)) != 0) {
    return base::fail("truncate", path, errno);
  }
  return {};
}

base::Status Editor::corrupt(const std::string& path, std::uint64_t offset,
                             std::uint64_t length) {
  const std::string at = DRIFTCAGE_TRY(owned_file(path));
  const base::UniqueFd file = DRIFTCAGE_TRY(base::sys::open(at, O_RDWR));
  struct stat before {};
  if (::fstat(file.get(), &before) != 0) return base::fail("stat", path, errno);
  const auto size = static_cast<std::uint64_t>(before.st_size);
  if (length > size || offset > size - length) {
    return base::fail("corrupt", path, ERANGE,
                      "the file has only " + std::to_string(size) + " bytes");
  }
  std::string piece;
  while (length > 0) {
    piece.resize(std::min<std::uint64_t>(length, kPiece));
    const auto at_byte = static_cast<off_t>(offset);
    if (::pread(file.get(), piece.data(), piece.size(), at_byte) !=
        static_cast<ssize_t>(piece.size())) {
      return base::fail("read", path, errno);
    }
    for (char& byte : piece) byte = static_cast<char>(~byte);
    if (::pwrite(file.get(), piece.data(), piece.size(), at_byte) !=
        static_cast<ssize_t>(piece.size())) {
      return base::fail("write", path, errno);
    }
    offset += piece.size();
    length -= piece.size();
  }
  // Bits that rot leave the times as they are.
  const std::array<timespec, 2> times = {before.st_atim, before.st_mtim};
  if (::futimens(file.get(), times.data()) != 0) {
    return base::fail("set times", path, errno);
  }
  return {};
}

base::Result<std::string> Editor::mount_point(const std::string& path,
                                              bool is_directory) {
  auto at = canonical(path);
  if (!at) {
    if (is_directory) {
      at = directory(path);
    } else {
      DRIFTCAGE_CHECK_OK(write_file(path, "", 0644));
      at = canonical(path);
    }
    if (!at) return at;
  }
  struct stat status {};
  if (!is_there(*at, status)) return base::fail("stat", path, errno);
  if (S_ISDIR(status.st_mode) != is_directory) {
    return base::fail("mount", path, is_directory ? ENOTDIR : EISDIR);
  }
  // A mount holds the directories on the way to it, so that a flush does not
  // reach them: they have to be in the upper layer before.
  const std::string held = is_directory ? *at : parent_of(*at);
  if (tree_.regions.find(held).kind == RegionKind::Overlay) {
    DRIFTCAGE_CHECK_OK(open_up(held));
  }
  return at;
}

}  // namespace driftcage::cage
