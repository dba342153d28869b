// SPDX-License-Identifier: Apache-2.0
#include "harness/cage/directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

#include "harness/base/sys.h"

namespace driftcage::cage {

base::Result<std::vector<std::string>> list_directory(int dir) {
  auto fd = DRIFTCAGE_TRY(
      base::sys::openat(dir, ".", O_RDONLY | O_DIRECTORY | O_NONBLOCK));
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(fd.get()),
                                                   &::closedir);
  if (!stream) return base::fail("open directory", {}, errno);
  static_cast<void>(fd.release());
  std::vector<std::string> names;
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr) {
      if (errno != 0) return base::fail("read directory", {}, errno);
      break;
    }
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  return names;
}

bool shows_nothing(int dir) {
  const auto fd =
      base::sys::openat(dir, ".", O_RDONLY | O_DIRECTORY | O_NONBLOCK);
  if (!fd) return true;
  // Room for a few entries: "." and ".." take 24 bytes each.
  alignas(dirent64) std::array<char, 256> entries;
  std::size_t names = 0;
  while (names <= 2) {
    const ssize_t size =
        ::getdents64(fd->get(), entries.data(), entries.size());
    // EINVAL: the next name alone is longer than that.
    if (size < 0) return errno != EINVAL;
    if (size == 0) break;
    for (ssize_t at = 0; at < size; ++names) {
      dirent64 entry;
      std::memcpy(&entry, entries.data() + at, offsetof(dirent64, d_name));
      at += entry.d_reclen;
    }
  }
  return names <= 2;
}

base::Status copy_content(int from, int to, const std::string& name) {
  constexpr std::size_t kAtOnce = 64u << 20;
  while (true) {
    const ssize_t size = ::sendfile(to, from, nullptr, kAtOnce);
    if (size == 0) return {};
    if (size < 0 && errno != EINTR) return base::fail("copy", name, errno);
  }
}

base::Result<base::UniqueFd> open_place(int dir, const std::string& path,
                                        std::uint64_t resolve) {
  struct open_how how {};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = resolve | RESOLVE_NO_MAGICLINKS;
  long fd = -1;
  do {
    fd = ::syscall(SYS_openat2, dir, path.c_str(), &how, sizeof how);
    // EAGAIN: a rename anywhere made the kernel unsure that a ".." stays
    // inside.
  } while (fd < 0 && (errno == EINTR || errno == EAGAIN));
  if (fd < 0) return base::fail("open", path, errno);
  return base::UniqueFd(static_cast<int>(fd));
}

base::Status remove_tree(int dir, const std::string& name) {
  if (::unlinkat(dir, name.c_str(), 0) == 0 || errno == ENOENT) return {};
  if (errno != EISDIR && errno != EPERM) {
    return base::fail("remove", name, errno);
  }
  const base::UniqueFd child = DRIFTCAGE_TRY(
      open_place(dir, name, RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV));
  for (const std::string& below : DRIFTCAGE_TRY(list_directory(child.get()))) {
    DRIFTCAGE_CHECK_OK(remove_tree(child.get(), below));
  }
  if (::unlinkat(dir, name.c_str(), AT_REMOVEDIR) != 0) {
    return base::fail("remove", name, errno);
  }
  return {};
}

}  // namespace driftcage::cage
