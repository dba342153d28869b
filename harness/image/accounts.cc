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

// The fields of the first line of `file` whose name, or whose id, is `wanted`.
std::vector<std::string> line_of(const std::string& root,
                                 const std::string& file,
                                 const std::string& wanted) {
  const auto found = look_up(root, file);
  if (!found || !S_ISREG(found->status.st_mode)) return {};
  const auto text = base::sys::read_file(root + found->path, kMaxFile);
  if (!text) return {};
  std::string_view rest = *text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    auto fields = base::path::split_list(rest.substr(0, end));
    if (fields.size() > 3 && (fields[0] == wanted || fields[2] == wanted))
      return fields;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return {};
}

}  // namespace

base::Result<Account> find_account(const std::string& root,
                                   const std::string& user) {
  const std::size_t colon = user.find(':');
  const std::string name = user.substr(0, colon);
  Account account;
  const auto entry = line_of(root, "/etc/passwd", name);
  const auto uid = number(entry.empty() ? name : entry[2]);
  if (!uid) {
    return base::fail("find user", name, ENOENT,
                      "the image runs as this user, but its /etc/passwd does "
                      "not have it");
  }
  account.uid = *uid;
  if (!entry.empty()) account.gid = number(entry[3]).value_or(0);
  if (colon == std::string::npos) return account;
  const std::string group = user.substr(colon + 1);
  const auto line = line_of(root, "/etc/group", group);
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
