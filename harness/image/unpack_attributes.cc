// SPDX-License-Identifier: Apache-2.0
#include "harness/image/unpack_attributes.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace driftcage::image {
namespace {

constexpr std::uint32_t kNobody = 65534;
constexpr std::size_t kShownPlaces = 3;
constexpr const char* kCapability = "security.capability";

std::array<struct ::timespec, 2> times_of(const Entry& entry) {
  struct ::timespec time {};
  time.tv_sec = entry.mtime_s;
  time.tv_nsec = entry.mtime_ns;
  return {time, time};
}

std::uint32_t little_endian(const std::string& bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i-- > 0;)
    value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

void put_little_endian(std::uint32_t value, std::string& bytes) {
  for (int i = 0; i < 4; ++i) {
    bytes += static_cast<char>(value & 0xff);
    value >>= 8;
  }
}

}  // namespace

void Notes::add(const std::string& what, const std::string& path) {
  Places& places = notes_[what];
  ++places.count;
  if (places.first.size() < kShownPlaces) places.first.push_back(path);
}

std::vector<std::string> Notes::texts() const {
  std::vector<std::string> texts;
  for (const auto& [what, places] : notes_) {
    texts.push_back(fmt::format("{}: {} time{}, first at {}", what,
                                places.count, places.count == 1 ? "" : "s",
                                fmt::join(places.first, ", ")));
  }
  return texts;
}

bool needs_original(const Entry& entry, const IdShift& ids) {
  if (entry.type == EntryType::CharDevice ||
      entry.type == EntryType::BlockDevice) {
    return true;
  }
  if (ids.active()) return !ids.covers(entry.uid) || !ids.covers(entry.gid);
  return entry.uid != 0 || entry.gid != 0;
}

Original original_of(const Entry& entry) {
  return {entry.type, entry.uid, entry.gid, entry.mode, entry.device};
}

HostIds host_ids(std::uint64_t uid, std::uint64_t gid, const IdShift& ids) {
  const auto shifted = [&ids](std::uint64_t id) {
    return ids.base +
           (ids.covers(id) ? static_cast<std::uint32_t>(id) : kNobody);
  };
  return {shifted(uid), shifted(gid)};
}

std::string stored_attribute(const std::string& name) {
  constexpr std::string_view kOverlay = "user.overlay.";
  if (name.starts_with(kOverlay))
    return std::string(kOverlay) + "overlay." + name.substr(kOverlay.size());
  if (name.starts_with("user.") || name == kCapability) return name;
  return {};
}

std::string stored_capability(const std::string& value, const IdShift& ids) {
  constexpr std::size_t kVersion2 = 20;
  constexpr std::size_t kVersion3 = 24;
  if (!ids.active()) return value;
  if (value.size() == kVersion2 && value[3] == 2) {
    std::string stored = value;
    stored[3] = 3;
    put_little_endian(ids.base, stored);
    return stored;
  }
  if (value.size() == kVersion3 && value[3] == 3) {
    const std::uint32_t root = little_endian(value, kVersion2);
    if (!ids.covers(root)) return {};
    std::string stored = value.substr(0, kVersion2);
    put_little_endian(ids.base + root, stored);
    return stored;
  }
  return {};
}

base::Status set_extended(int fd, const Entry& entry, const IdShift& ids,
                          Notes& notes) {
  for (const auto& [name, value] : entry.attributes) {
    const std::string stored = stored_attribute(name);
    const std::string bytes =
        name == kCapability ? stored_capability(value, ids) : value;
    if (stored.empty() || (name == kCapability && bytes.empty())) {
      notes.add("extended attribute " + name + " left out", entry.path);
      continue;
    }
    if (::fsetxattr(fd, stored.c_str(), bytes.data(), bytes.size(), 0) == 0)
      continue;
    switch (errno) {
      case EPERM:
      case EINVAL:
      case ENOTSUP:
      case ERANGE:
      case E2BIG:
        notes.add(
            fmt::format("extended attribute {} cannot be stored here", name),
            entry.path);
        break;
      default:
        return base::fail("set extended attribute " + stored, entry.path,
                          errno);
    }
  }
  return {};
}

base::Status set_attributes(int fd, const Entry& entry, const IdShift& ids,
                            Notes& notes) {
  if (ids.active()) {
    const HostIds owner = host_ids(entry.uid, entry.gid, ids);
    if (::fchown(fd, owner.uid, owner.gid) != 0)
      return base::fail("chown", entry.path, errno);
  }
  DRIFTCAGE_CHECK_OK(set_extended(fd, entry, ids, notes));
  if (::fchmod(fd, entry.mode) != 0)
    return base::fail("chmod", entry.path, errno);
  if (::futimens(fd, times_of(entry).data()) != 0)
    return base::fail("set time of", entry.path, errno);
  return {};
}

base::Status set_attributes_at(int dir, const std::string& name,
                               const Entry& entry, const IdShift& ids,
                               Notes& notes) {
  if (ids.active()) {
    const HostIds owner = host_ids(entry.uid, entry.gid, ids);
    if (::fchownat(dir, name.c_str(), owner.uid, owner.gid,
                   AT_SYMLINK_NOFOLLOW) != 0) {
      return base::fail("chown", entry.path, errno);
    }
  }
  if (!entry.attributes.empty())
    notes.add("extended attributes of a link or pipe left out", entry.path);
  // A link has no mode of its own; the pipe was made by us a moment ago, and
  // nobody else writes here, so that following is safe.
  if (entry.type != EntryType::Symlink &&
      ::fchmodat(dir, name.c_str(), entry.mode, 0) != 0) {
    return base::fail("chmod", entry.path, errno);
  }
  if (::utimensat(dir, name.c_str(), times_of(entry).data(),
                  AT_SYMLINK_NOFOLLOW) != 0) {
    return base::fail("set time of", entry.path, errno);
  }
  return {};
}

}  // namespace driftcage::image
