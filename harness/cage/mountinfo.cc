// SPDX-License-Identifier: Apache-2.0
#include "harness/cage/mountinfo.h"

#include <algorithm>
#include <array>

namespace driftcage::cage {
namespace {

// "\040" and its like: the kernel escapes space, tab, newline and backslash.
std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto digit = [&](std::size_t at) {
      return at < text.size() && text[at] >= '0' && text[at] <= '7';
    };
    if (text[i] == '\\' && digit(i + 1) && digit(i + 2) && digit(i + 3)) {
      out.push_back(static_cast<char>((text[i + 1] - '0') * 64 +
                                      (text[i + 2] - '0') * 8 +
                                      (text[i + 3] - '0')));
      i += 3;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

std::string_view take(std::string_view& rest, char separator) {
  const std::size_t at = rest.find(separator);
  const std::string_view head = rest.substr(0, at);
  rest.remove_prefix(at == std::string_view::npos ? rest.size() : at + 1);
  return head;
}

}  // namespace

std::vector<MountEntry> parse_mountinfo(std::string_view text) {
  std::vector<MountEntry> entries;
  while (!text.empty()) {
    std::string_view line = take(text, '\n');
    // A variable number of optional fields ends with a lone "-".
    const std::size_t dash = line.find(" - ");
    if (dash == std::string_view::npos) continue;
    std::string_view tail = line.substr(dash + 3);
    for (int field = 0; field < 4; ++field) take(line, ' ');
    const std::string_view at = take(line, ' ');
    const std::string_view type = take(tail, ' ');
    const std::string_view source = take(tail, ' ');
    if (!at.starts_with('/') || type.empty()) continue;
    entries.push_back({unescape(at), std::string(type), unescape(source)});
  }
  return entries;
}

bool is_kernel_view(std::string_view type) {
  static constexpr std::array<std::string_view, 22> kTypes = {
      "autofs",   "binfmt_misc", "bpf",     "cgroup",     "cgroup2",
      "configfs", "debugfs",     "devpts",  "devtmpfs",   "efivarfs",
      "fusectl",  "hugetlbfs",   "mqueue",  "nfsd",       "nsfs",
      "proc",     "pstore",      "resctrl", "securityfs", "selinuxfs",
      "sysfs",    "tracefs"};
  return std::find(kTypes.begin(), kTypes.end(), type) != kTypes.end() ||
         type == "rpc_pipefs" || type == "fuse.lxcfs" ||
         type == "fuse.gvfsd-fuse" || type == "fuse.portal";
}

}  // namespace driftcage::cage
