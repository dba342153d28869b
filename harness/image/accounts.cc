// SPDX-License-Identifier: Apache-2.0
#include "harness/image/accounts.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>
#include <string_view>
#include <vector>

#include "harness/base/path.h"
#include "harness/base/sys.h"
#include "harness/image/root_view.h"

namespace driftcage::image {
namespace {

constexpr std::size_t kMaxFile = 1u << 20;

std::optional<std::uint32_t> number(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, code] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || code != std::errc() || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

using Line = std::vector<std::string>;

// The fields of each line of `file` that has a name and an id.
std::vector<Line> lines_of(const std::string& root, const std::string& file) {
  const auto found = look_up(root, file);
  if (!found || !S_ISREG(found->status.st_mode)) return {};
  const auto text = base::sys::read_file(root + found->path, kMaxFile);
  if (!text) return {};
  std::vector<Line> lines;
  std::string_view rest = *text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    auto fields = base::path::split_list(rest.substr(0, end));
    if (fields.size() > 3) lines.push_back(std::move(fields));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return lines;
}

// The first one whose name, or whose id, is `wanted`; empty: none.
Line line_of(const std::vector<Line>& lines, const std::string& wanted) {
  for (const Line& fields : lines) {
    if (fields[0] == wanted || fields[2] == wanted) return fields;
  }
  return {};
}

bool has_member(const Line& group, const std::string& name) {
  std::string_view rest = group[3];
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(','), rest.size());
    if (rest.substr(0, end) == name) return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

}  // namespace

base::Result<Account> find_account(const std::string& root,
                                   const std::string& user) {
  const std::size_t colon = user.find(':');
  const std::string name = user.substr(0, colon);
  Account account;
  const auto entry = line_of(lines_of(root, "/etc/passwd"), name);
  const auto uid = number(entry.empty() ? name : entry[2]);
  if (!uid) {
    return base::fail("find user", name, ENOENT,
                      "the image runs as this user, but its /etc/passwd does "
                      "not have it");
  }
  account.uid = *uid;
  if (!entry.empty()) account.gid = number(entry[3]).value_or(0);
  const auto groups = lines_of(root, "/etc/group");
  if (colon == std::string::npos) {
    for (const Line& line : groups) {
      const auto gid = number(line[2]);
      if (!entry.empty() && gid && has_member(line, entry[0]))
        account.groups.push_back(*gid);
    }
    std::sort(account.groups.begin(), account.groups.end());
    const auto twice =
        std::unique(account.groups.begin(), account.groups.end());
    account.groups.erase(twice, account.groups.end());
    return account;
  }
  const std::string group = user.substr(colon + 1);
  const auto line = line_of(groups, group);
  const auto gid = number(line.empty() ? group : line[2]);
  if (!gid) {
    return base::fail("find group", group, ENOENT,
                      "the image runs with this group, but its /etc/group does "
                      "not have it");
  }
  account.gid = *gid;
  return account;
}

}  // namespace driftcage::image
