// SPDX-License-Identifier: Apache-2.0
#include "harness/cage/mounts.h"

#include <fcntl.h>
#include <sys/mount.h>

#include <cerrno>
#include <utility>

#include "harness/base/sys.h"

namespace driftcage::cage {
namespace {

// mount(2) answers with whatever errno fits least badly; these are the cases
// in which it means something else than its text says.
const char* overlay_hint(int err) {
  switch (err) {
    case EINVAL:
      return "the kernel does not accept this directory below an overlay, or "
             "does not know the option userxattr (Linux 5.11)";
    case ELOOP:
      return "a directory of the overlay lies inside another one";
    case ENODEV:
      return "the kernel has no overlay file system: modprobe overlay";
    case EPERM:
      return "overlay mounts are not allowed in a user namespace here";
    default:
      return "";
  }
}

}  // namespace

base::Status mount_new(const char* type, const std::string& at,
                       unsigned long flags, const std::string& data) {
  if (::mount(type, at.c_str(), type, flags, data.c_str()) != 0) {
    return base::fail(std::string("mount ") + type, at, errno);
  }
  return {};
}

base::Result<Scratch> Scratch::mount() {
  // Every cage has these of its own; one of the two is on every machine.
  base::Status mounted;
  for (const char* place : {"/tmp", "/sys"}) {
    auto tried = mount_new("tmpfs", place, MS_NOSUID | MS_NODEV, "mode=0755");
    // Without links: paths below it are compared with those of descriptors.
    if (tried) {
      const auto fd = DRIFTCAGE_TRY(base::sys::open(place, O_PATH));
      return Scratch(
          DRIFTCAGE_TRY(base::sys::readlinkat(AT_FDCWD, fd_path(fd.get()))));
    }
    if (mounted) mounted = std::move(tried);
  }
  return tl::make_unexpected(mounted.error());
}

std::string Scratch::name(const char* kind) {
  return at_ + "/" + kind + std::to_string(count_++);
}

base::Result<std::string> Scratch::directory(const char* kind) {
  std::string path = name(kind);
  DRIFTCAGE_CHECK_OK(base::sys::mkdir(path, 0755));
  return path;
}

base::Result<base::UniqueFd> clone_tree(int dir, const std::string& path) {
  const unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE |
                         (path.empty() ? unsigned{AT_EMPTY_PATH} : 0u);
  const int fd = ::open_tree(dir, path.c_str(), flags);
  if (fd < 0) return base::fail("clone mount", path, errno);
  return base::UniqueFd(fd);
}

base::Status add_flags(int tree, std::uint64_t attributes,
                       const std::string& name) {
  struct mount_attr attr {};
  attr.attr_set = attributes;
  if (::mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr,
                      sizeof attr) != 0) {
    return base::fail("set mount flags", name, errno);
  }
  return {};
}

base::Status attach(int tree, const std::string& at) {
  if (::move_mount(tree, "", AT_FDCWD, at.c_str(), MOVE_MOUNT_F_EMPTY_PATH) !=
      0) {
    return base::fail("attach mount", at, errno);
  }
  return {};
}

base::Status mount_overlay(const std::string& lower, const std::string& upper,
                           const std::string& work, const std::string& at) {
  const std::string data = "lowerdir=" + lower + ",upperdir=" + upper +
                           ",workdir=" + work + ",userxattr";
  if (::mount("overlay", at.c_str(), "overlay", 0, data.c_str()) != 0) {
    const int err = errno;
    return base::fail("mount overlay", at, err, overlay_hint(err));
  }
  return {};
}

base::Result<base::UniqueFd> attach_aside(Scratch& scratch, int tree) {
  const std::string place = DRIFTCAGE_TRY(scratch.directory("a"));
  DRIFTCAGE_CHECK_OK(attach(tree, place));
  return base::sys::open(place, O_PATH | O_DIRECTORY);
}

std::string fd_path(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

}  // namespace driftcage::cage
