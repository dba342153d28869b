// SPDX-License-Identifier: Apache-2.0
#include "harness/cage/subordinate.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <utility>

#include "harness/base/path.h"
#include "harness/base/sys.h"
#include "harness/base/wait_status.h"

namespace driftcage::cage {
namespace {

std::optional<std::uint32_t> number(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, code] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || code != std::errc() || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

template <class Visit>
void each_line(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    visit(base::path::split_list(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

// Read and not asked for: a cage's set-up must not load what getpwuid(3) would.
// Accounts of a directory service have to be in subuid by number.
std::string name_of(uid_t uid) {
  std::string name;
  const auto text = base::sys::read_file("/etc/passwd");
  if (!text) return name;
  each_line(*text, [&](const std::vector<std::string>& fields) {
    if (name.empty() && fields.size() > 2 && number(fields[2]) == uid)
      name = fields[0];
  });
  return name;
}

// Starts `helper PID INSIDE OUTSIDE COUNT...`; 0 or an errno value. What it
// prints is nobody's: the standard streams are the payload's.
int start(const char* helper, pid_t pid, const std::vector<IdLine>& lines,
          pid_t& child) {
  std::vector<std::string> words{helper, std::to_string(pid)};
  for (const IdLine& line : lines) {
    words.push_back(std::to_string(line.inside));
    words.push_back(std::to_string(line.outside));
    words.push_back(std::to_string(line.count));
  }
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    ::posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
  const int err =
      ::posix_spawnp(&child, helper, &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  return err;
}

bool succeeded(const char* helper, int err, pid_t child, std::string& problem) {
  if (err != 0) {
    problem =
        std::string(helper) + ": " + base::errno_name(err) + ", install uidmap";
    return false;
  }
  int status = 0;
  while (::waitpid(child, &status, __WALL) < 0 && errno == EINTR) {
  }
  const base::WaitStatus end(status);
  if (!end.success()) {
    problem = std::string(helper) + ": " + end.text() +
              "; it needs its privileges and the user's line in /etc/subuid "
              "and /etc/subgid";
  }
  return end.success();
}

}  // namespace

std::optional<std::pair<std::uint32_t, std::uint32_t>> largest_range(
    std::string_view text, std::string_view name, uid_t uid) {
  std::optional<std::pair<std::uint32_t, std::uint32_t>> best;
  each_line(text, [&](const std::vector<std::string>& fields) {
    if (fields.size() != 3) return;
    const bool by_name = !name.empty() && fields[0] == name;
    if (!by_name && number(fields[0]) != uid) return;
    const auto start = number(fields[1]);
    const auto count = number(fields[2]);
    // Ids that do not fit are of no use to anybody.
    if (!start || !count || *count == 0 || *start > UINT32_MAX - *count) return;
    if (!best || *count > best->second) best = std::pair(*start, *count);
  });
  return best;
}

std::optional<SubordinateIds> subordinate_ids(uid_t uid) {
  const auto users = base::sys::read_file("/etc/subuid");
  const auto groups = base::sys::read_file("/etc/subgid");
  if (!users || !groups) return std::nullopt;
  const std::string name = name_of(uid);
  const auto user_range = largest_range(*users, name, uid);
  const auto group_range = largest_range(*groups, name, uid);
  if (!user_range || !group_range) return std::nullopt;
  return SubordinateIds{
      user_range->first, group_range->first,
      std::min({user_range->second, group_range->second, kRangeSize - 1})};
}

HelpersResult run_map_helpers(pid_t pid, const std::vector<IdLine>& users,
                              const std::vector<IdLine>& groups) {
  HelpersResult result;
  pid_t for_users = 0;
  pid_t for_groups = 0;
  // Side by side: most of their time is that of any program's start.
  const int users_err = start("newuidmap", pid, users, for_users);
  const int groups_err = start("newgidmap", pid, groups, for_groups);
  result.groups =
      succeeded("newgidmap", groups_err, for_groups, result.problem);
  result.users = succeeded("newuidmap", users_err, for_users, result.problem);
  return result;
}

}  // namespace driftcage::cage
