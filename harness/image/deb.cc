// SPDX-License-Identifier: Apache-2.0
#include "harness/image/deb.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <string_view>

#include "harness/image/archive.h"

namespace driftcage::image {
namespace {

constexpr std::string_view kMagic = "!<arch>\n";
// ar(5): name, time, owner, group, mode, size, and two bytes to end it.
constexpr std::size_t kHeader = 60;
constexpr std::size_t kNameSize = 16;
constexpr std::size_t kSizeAt = 48;
constexpr std::size_t kSizeDigits = 10;
constexpr int kMaxMembers = 16;  // deb(5) has three
// Debian's largest have scripts and lists of some megabytes.
constexpr std::uint64_t kMaxScripts = 64u << 20;
constexpr std::size_t kMaxControl = 1u << 20;
constexpr const char* kBadControl = "its control file is none";

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

// The member of the archive whose name begins so.
base::Result<BlobSource> open_member(const std::string& path,
                                     const std::string& prefix) {
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
    if (header.substr(0, kNameSize).starts_with(prefix)) {
      source.offset = at;
      source.size = size;
      return source;
    }
    at += size + size % 2;
  }
  return base::fail("read package", path, EINVAL, "it has no " + prefix);
}

}  // namespace

base::Result<BlobSource> open_package(const std::string& path) {
  return open_member(path, "data.tar");
}

base::Result<std::string> package_control(const std::string& path) {
  StreamLimits limits;
  limits.bytes = kMaxScripts;
  BlobStream stream(DRIFTCAGE_TRY(open_member(path, "control.tar")), limits);
  auto reader = DRIFTCAGE_TRY(ArchiveReader::open(stream, path));
  Entry entry;
  while (DRIFTCAGE_TRY(reader.next(entry))) {
    if (entry.type != EntryType::File ||
        (entry.path != "./control" && entry.path != "control")) {
      continue;
    }
    std::string text;
    while (true) {
      const Content content = DRIFTCAGE_TRY(reader.content());
      if (content.end) break;
      if (content.offset != text.size() ||
          text.size() + content.bytes.size() > kMaxControl)
        return base::fail("read package", path, EINVAL, kBadControl);
      text += content.bytes;
    }
    text.erase(text.find_last_not_of('\n') + 1);
    // One paragraph, which a blank line would end.
    if (text.empty() || text.find("\n\n") != std::string::npos)
      return base::fail("read package", path, EINVAL, kBadControl);
    return text + '\n';
  }
  return base::fail("read package", path, EINVAL, "it has no control file");
}

}  // namespace driftcage::image
