// SPDX-License-Identifier: Apache-2.0
#include "harness/base/sys.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <ctime>

#include "harness/base/path.h"
#include "harness/base/retry.h"

namespace driftcage::base::sys {
Result<UniqueFd> openat(int dir, const std::string& path, int flags,
                        mode_t mode) {
  const int fd = retry(
      [&] { return ::openat(dir, path.c_str(), flags | O_CLOEXEC, mode); });
  if (fd < 0) return fail("open", path, errno);
  return UniqueFd(fd);
}

Result<UniqueFd> open(const std::string& path, int flags, mode_t mode) {
  return openat(AT_FDCWD, path, flags, mode);
}

Result<std::pair<UniqueFd, UniqueFd>> pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail("pipe", {}, errno);
  return std::pair{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

Result<struct ::stat> stat(const std::string& path) {
  struct ::stat status {};
  if (::stat(path.c_str(), &status) != 0) return fail("stat", path, errno);
  return status;
}

Result<std::string> readlinkat(int dir, const std::string& path) {
  std::array<char, PATH_MAX> buffer{};
  const ssize_t size =
      ::readlinkat(dir, path.c_str(), buffer.data(), buffer.size());
  if (size < 0) return fail("readlink", path, errno);
  return std::string(buffer.data(), static_cast<std::size_t>(size));
}

Status mkdir(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) != 0) return fail("mkdir", path, errno);
  return {};
}

Status make_directories(const std::string& path, mode_t mode) {
  std::string prefix = path.starts_with('/') ? "" : ".";
  for (const std::string_view part : path::components(path)) {
    prefix += '/';
    prefix += part;
    if (::mkdir(prefix.c_str(), mode) != 0 && errno != EEXIST) {
      return fail("mkdir", prefix, errno);
    }
  }
  const auto status = stat(path);
  if (!status) return tl::make_unexpected(status.error());
  if (!S_ISDIR(status->st_mode)) return fail("mkdir", path, ENOTDIR);
  return {};
}

Result<std::string> read_fd(int fd, std::string_view name, std::size_t limit) {
  std::string bytes;
  std::array<char, 65536> buffer{};
  while (true) {
    const ssize_t size =
        retry([&] { return ::read(fd, buffer.data(), buffer.size()); });
    if (size < 0) return fail("read", name, errno);
    if (size == 0) return bytes;
    if (bytes.size() + static_cast<std::size_t>(size) > limit) {
      return fail("read", name, EFBIG);
    }
    bytes.append(buffer.data(), static_cast<std::size_t>(size));
  }
}

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  const UniqueFd fd = DRIFTCAGE_TRY(open(path, O_RDONLY));
  return read_fd(fd.get(), path, limit);
}

Status write_all(int fd, std::string_view bytes, std::string_view name) {
  while (!bytes.empty()) {
    const ssize_t size =
        retry([&] { return ::write(fd, bytes.data(), bytes.size()); });
    if (size < 0 && errno == EAGAIN) {
      // Somebody who shares the file description does not want to wait.
      pollfd ready{fd, POLLOUT, 0};
      if (retry([&] { return ::poll(&ready, 1, -1); }) < 0)
        return fail("wait to write", name, errno);
      continue;
    }
    if (size < 0) return fail("write", name, errno);
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
  return {};
}

Status write_file(const std::string& path, std::string_view bytes,
                  mode_t mode) {
  const UniqueFd fd =
      DRIFTCAGE_TRY(open(path, O_WRONLY | O_CREAT | O_TRUNC, mode));
  return write_all(fd.get(), bytes, path);
}

Status replace_file(const std::string& path, std::string_view bytes,
                    mode_t mode) {
  const std::string sibling = path + ".tmp" + std::to_string(::getpid());
  if (auto written = write_file(sibling, bytes, mode); !written) {
    ::unlink(sibling.c_str());
    return written;
  }
  if (std::rename(sibling.c_str(), path.c_str()) != 0) {
    const int err = errno;
    ::unlink(sibling.c_str());
    return fail("rename", path, err);
  }
  return {};
}

std::uint64_t monotonic_ns() {
  struct timespec now {};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u +
         static_cast<std::uint64_t>(now.tv_nsec);
}

}  // namespace driftcage::base::sys
