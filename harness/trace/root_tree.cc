// SPDX-License-Identifier: Apache-2.0
#include "harness/trace/root_tree.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <string_view>

#include "harness/base/path.h"
#include "harness/base/retry.h"

namespace driftcage::trace {
namespace {

// The cell's own timer interrupts calls; a cause must not depend on when.
using base::retry_some;

// "." for the root itself: relative to a descriptor no path may start with /.
const char* below_root(const std::string& path) {
  std::size_t start = path.find_first_not_of('/');
  return start == std::string::npos ? "." : path.c_str() + start;
}

}  // namespace

void RootTree::set_self(pid_t pid, pid_t tid) {
  self_ = pid;
  thread_self_ = tid;
}

base::UniqueFd RootTree::open(const std::string& path, int flags) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags) | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT;
  return base::UniqueFd(static_cast<int>(retry_some([&] {
    return syscall(SYS_openat2, root_.get(), below_root(path), &how,
                   sizeof(how));
  })));
}

bool RootTree::is_plainly_missing(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  if (slash == std::string::npos || slash + 1 == path.size()) return false;
  const base::UniqueFd dir =
      open(path.substr(0, slash + 1), O_PATH | O_DIRECTORY);
  if (!dir) return false;
  struct ::stat info {};
  return retry_some([&] {
           return fstatat(dir.get(), path.c_str() + slash + 1, &info,
                          AT_SYMLINK_NOFOLLOW);
         }) != 0 &&
         errno == ENOENT;
}

std::string RootTree::fold(const std::string& path) {
  std::string folded;
  for (const std::string_view part : base::path::components(path)) {
    if (part == ".." && !folded.empty() && !folded.ends_with("/..")) {
      const base::UniqueFd fd = open(folded, O_PATH | O_DIRECTORY | O_NOFOLLOW);
      if (fd) {
        folded.resize(folded.find_last_of('/'));
        continue;
      }
    } else if (part == ".." && folded.empty()) {
      continue;  // above the root is the root
    }
    folded += '/';
    folded += part;
  }
  return folded.empty() ? "/" : folded;
}

std::string RootTree::real_path(const std::string& path) {
  const base::UniqueFd fd = open(path, O_PATH);
  if (!fd) return {};
  std::array<char, PATH_MAX> text;
  const std::string link = "/proc/self/fd/" + std::to_string(fd.get());
  const ssize_t n = ::readlink(link.c_str(), text.data(), text.size());
  return n < 0 ? std::string()
               : std::string(text.data(), static_cast<std::size_t>(n));
}

bool RootTree::leads_to(const std::string& path, const struct ::statx& info) {
  struct ::statx there {};
  const base::UniqueFd fd = open(path, O_PATH | O_NOFOLLOW);
  return fd && ::statx(fd.get(), "", AT_EMPTY_PATH, STATX_INO, &there) == 0 &&
         there.stx_ino == info.stx_ino &&
         there.stx_dev_major == info.stx_dev_major &&
         there.stx_dev_minor == info.stx_dev_minor;
}

int RootTree::stat(const std::string& path, Node& node) {
  struct ::statx info {};
  if (retry_some([&] {
        return ::statx(root_.get(), below_root(path), AT_SYMLINK_NOFOLLOW,
                       STATX_BASIC_STATS | STATX_MNT_ID, &info);
      }) != 0) {
    return errno;
  }
  node.owner = {info.stx_uid, info.stx_gid, info.stx_mode};
  node.mount = (info.stx_mask & STATX_MNT_ID) != 0
                   ? info.stx_mnt_id
                   : makedev(info.stx_dev_major, info.stx_dev_minor);
  node.immutable =
      (info.stx_attributes & (STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND)) != 0;
  return 0;
}

int RootTree::readlink(const std::string& path, std::string& target) {
  // For us they would lead to our own directory, or nowhere.
  if (path == "/proc/self") {
    target = std::to_string(self_);
    return 0;
  }
  if (path == "/proc/thread-self") {
    target = std::to_string(self_) + "/task/" + std::to_string(thread_self_);
    return 0;
  }
  std::array<char, PATH_MAX> text;
  const ssize_t n = retry_some([&] {
    return ::readlinkat(root_.get(), below_root(path), text.data(),
                        text.size());
  });
  if (n < 0) return errno;
  target.assign(text.data(), static_cast<std::size_t>(n));
  return 0;
}

std::string RootTree::read(const std::string& path, std::uint64_t offset,
                           std::size_t size) {
  // A pipe or a device in the place of a program must not block us.
  const base::UniqueFd fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (!fd) return {};
  std::string bytes(size, '\0');
  const ssize_t n = retry_some([&] {
    return pread(fd.get(), bytes.data(), size, static_cast<off_t>(offset));
  });
  bytes.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
  return bytes;
}

MountFacts RootTree::mount_facts(const std::string& path) {
  const base::UniqueFd fd = open(path, O_PATH | O_NOFOLLOW);
  struct statvfs info {};
  if (!fd || fstatvfs(fd.get(), &info) != 0) return {};
  MountFacts facts;
  facts.noexec = (info.f_flag & ST_NOEXEC) != 0;
  facts.nodev = (info.f_flag & ST_NODEV) != 0;
  // A file system that counts none of them has no end of them.
  facts.no_blocks = info.f_blocks > 0 && info.f_bavail == 0;
  facts.no_inodes = info.f_files > 0 && info.f_favail == 0;
  return facts;
}

}  // namespace driftcage::trace
