// SPDX-License-Identifier: Apache-2.0
#include "harness/trace/credentials.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

namespace driftcage::trace {
namespace {

constexpr unsigned kCapDacOverride = 1;
constexpr unsigned kCapDacReadSearch = 2;

std::vector<std::uint64_t> numbers(std::string_view line, int base = 10) {
  std::vector<std::uint64_t> found;
  const char* at = line.data();
  const char* const end = line.data() + line.size();
  while (at < end) {
    std::uint64_t value = 0;
    const auto parsed = std::from_chars(at, end, value, base);
    if (parsed.ec == std::errc()) {
      found.push_back(value);
      at = parsed.ptr;
    } else {
      ++at;
    }
  }
  return found;
}

std::string_view field(std::string_view status, std::string_view key) {
  std::size_t at = 0;
  while (at < status.size()) {
    const std::size_t end = std::min(status.find('\n', at), status.size());
    const std::string_view line = status.substr(at, end - at);
    if (line.size() > key.size() && line.starts_with(key) &&
        line[key.size()] == ':') {
      return line.substr(key.size() + 1);
    }
    at = end + 1;
  }
  return {};
}

// Lines of "inside outside count"; outside is in the reader's own numbers.
Credentials::Ranges ranges(std::string_view map) {
  Credentials::Ranges found;
  const auto all = numbers(map);
  for (std::size_t i = 0; i + 2 < all.size(); i += 3)
    found.push_back({all[i + 1], all[i + 2], all[i]});
  return found;
}

bool contains(const Credentials::Ranges& all, std::uint64_t id) {
  return std::any_of(all.begin(), all.end(), [id](const auto& range) {
    return id >= range.first && id - range.first < range.count;
  });
}

}  // namespace

Credentials parse_credentials(std::string_view status, std::string_view uid_map,
                              std::string_view gid_map, bool real) {
  Credentials who;
  const auto uids = numbers(field(status, "Uid"));
  const auto gids = numbers(field(status, "Gid"));
  // real, effective, saved, file system
  const std::size_t which = real ? 0 : 3;
  if (uids.size() == 4) who.uid = static_cast<uid_t>(uids[which]);
  if (gids.size() == 4) who.gid = static_cast<gid_t>(gids[which]);
  for (const std::uint64_t group : numbers(field(status, "Groups")))
    who.groups.push_back(static_cast<gid_t>(group));
  who.uids = ranges(uid_map);
  who.gids = ranges(gid_map);
  auto capabilities = numbers(field(status, "CapEff"), 16);
  if (real) {
    // access(2): a root that is only effective, or only real, has what that
    // user would have.
    const auto map = numbers(uid_map);
    bool root = false;
    for (std::size_t i = 0; i + 2 < map.size(); i += 3)
      root = root || (map[i] == 0 && map[i + 1] == who.uid);
    capabilities = root ? numbers(field(status, "CapPrm"), 16)
                        : std::vector<std::uint64_t>{};
  }
  if (!capabilities.empty()) {
    who.override = (capabilities[0] >> kCapDacOverride & 1U) != 0;
    who.read_search = (capabilities[0] >> kCapDacReadSearch & 1U) != 0;
  }
  return who;
}

std::string judged_by(const Credentials& who, const Owner& what) {
  const auto name = [](const Credentials::Ranges& all, std::uint64_t id) {
    for (const Credentials::Range& range : all) {
      if (id >= range.first && id - range.first < range.count)
        return std::to_string(id - range.first + range.inside);
    }
    return "nobody(" + std::to_string(id) + ")";
  };
  std::array<char, 16> mode;
  std::snprintf(mode.data(), mode.size(), "%04o", what.mode & 07777U);
  std::string text = "mode ";
  text += mode.data();
  text += ", owner " + name(who.uids, what.uid) + ":";
  text += name(who.gids, what.gid) + ", caller " + name(who.uids, who.uid);
  return text + ":" + name(who.gids, who.gid);
}

bool may(const Credentials& who, const Owner& what, unsigned access) {
  unsigned shift = 0;
  if (what.uid == who.uid) {
    shift = 6;
  } else if (what.gid == who.gid ||
             std::find(who.groups.begin(), who.groups.end(), what.gid) !=
                 who.groups.end()) {
    shift = 3;
  }
  if ((what.mode >> shift & access) == access) return true;
  if (!contains(who.uids, what.uid) || !contains(who.gids, what.gid))
    return false;
  const bool directory = S_ISDIR(what.mode);
  // Even an almighty caller can execute only what somebody may execute.
  const bool can_execute =
      directory || (access & kExecute) == 0 || (what.mode & 0111) != 0;
  if (who.override && can_execute) return true;
  const unsigned searchable = directory ? kRead | kExecute : kRead;
  return who.read_search && (access & ~searchable) == 0;
}

}  // namespace driftcage::trace
