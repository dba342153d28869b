// SPDX-License-Identifier: Apache-2.0
#include "harness/image/deb.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <string_view>

namespace driftcage::image {
namespace {

constexpr std::string_view kMagic = "!<arch>\n";
// ar(5): name, time, owner, group, mode, size, and two bytes to end it.
constexpr std::size_t kHeader = 60;
constexpr std::size_t kNameSize = 16;
constexpr std::size_t kSizeAt = 48;
constexpr std::size_t kSizeDigits = 10;
constexpr int kMaxMembers = 16;  // deb(5) has three

base::Result<std::string> read_at(int fd, const std::string& path,
                                  std::uint64_t offset, std::size_t size) {
  std::string bytes(size, '\0');
  const ssize_t got =
      ::pread(fd, bytes.data(), size, static_cast<off_t>(offset));
  if (got < 0) return base::fail("read", path, errno);
  if (static_cast<std::size_t>(got) != size)
    return base::fail("read package", path, EINVAL, "it ends early");
  return bytes;
}

}  // namespace

base::Result<BlobSource> open_package(const std::string& path) {
  BlobSource source = DRIFTCAGE_TRY(open_blob(path));
  const int fd = source.fd->get();
  if (DRIFTCAGE_TRY(read_at(fd, path, 0, kMagic.size())) != kMagic)
    return base::fail("read package", path, EINVAL, "it is no ar archive");
  std::uint64_t at = kMagic.size();
  for (int i = 0; i < kMaxMembers; ++i) {
    const std::string header = DRIFTCAGE_TRY(read_at(fd, path, at, kHeader));
    std::uint64_t size = 0;
    const char* digits = header.data() + kSizeAt;
    const auto [end, code] =
        std::from_chars(digits, digits + kSizeDigits, size);
    if (code != std::errc() || !header.ends_with("`\n"))
      return base::fail("read package", path, EINVAL, "a header is damaged");
    at += kHeader;
    if (header.substr(0, kNameSize).starts_with("data.tar")) {
      source.offset = at;
      source.size = size;
      return source;
    }
    at += size + size % 2;
  }
  return base::fail("read package", path, EINVAL, "it has no data.tar");
}

}  // namespace driftcage::image
