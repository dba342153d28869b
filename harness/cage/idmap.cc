// SPDX-License-Identifier: Apache-2.0
#include "harness/cage/idmap.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <memory>
#include <optional>

#include "harness/base/sys.h"
#include "harness/cage/subordinate.h"

namespace driftcage::cage {
namespace {

constexpr std::size_t kHelperStack = 64 << 10;

// The kernel takes a map in one write only.
base::Status write_proc(int dir, const char* name, const std::string& text) {
  auto fd = base::sys::openat(dir, name, O_WRONLY);
  if (!fd) return base::fail("map ids", name, fd.error().err);
  if (::write(fd->get(), text.data(), text.size()) < 0) {
    return base::fail("map ids", name, errno,
                      errno == EPERM
                          ? "the process lacks CAP_SETUID, CAP_SETGID or "
                            "CAP_SETFCAP, or a security module forbids it"
                          : "");
  }
  return {};
}

std::string text_of(const std::vector<IdLine>& lines) {
  std::string text;
  for (const IdLine& line : lines) {
    text += std::to_string(line.inside) + " " + std::to_string(line.outside) +
            " " + std::to_string(line.count) + "\n";
  }
  return text;
}

bool is_single(const std::vector<IdLine>& lines) {
  return lines.size() == 1 && lines.front().count == 1;
}

// A group map of one line needs no privilege, once setgroups(2) is given up.
base::Status map_one_group(int dir, std::uint32_t outside) {
  if (auto denied = write_proc(dir, "setgroups", "deny");
      !denied && denied.error().err != ENOENT) {
    return denied;
  }
  return write_proc(dir, "gid_map", text_of({{0, outside, 1}}));
}

base::Result<std::uint32_t> map_as_root(int dir,
                                        std::vector<std::string>& notes) {
  const std::string range = text_of({{0, kRangeStart, kRangeSize}});
  std::uint32_t count = kRangeSize;
  if (!write_proc(dir, "gid_map", range)) {
    notes.emplace_back("ids: groups are not shifted, root lacks CAP_SETGID");
    DRIFTCAGE_CHECK_OK(map_one_group(dir, ::getegid()));
    count = 1;
  }
  if (!write_proc(dir, "uid_map", range)) {
    notes.emplace_back(
        "ids: users are not shifted, root lacks CAP_SETUID: the cage's root is "
        "the host's, and RLIMIT_NPROC does not bind it");
    DRIFTCAGE_CHECK_OK(write_proc(dir, "uid_map", text_of({{0, 0, 1}})));
    count = 1;
  }
  return count;
}

// Helpers with the privilege for it write the maps; either may fail.
base::Result<std::uint32_t> map_as_user(int dir, pid_t pid,
                                        std::vector<std::string>& notes) {
  const uid_t uid = ::geteuid();
  const gid_t gid = ::getegid();
  const auto range = subordinate_ids(uid);
  bool groups = false;
  bool users = false;
  if (range) {
    const std::vector<IdLine> group_lines = {{0, gid, 1},
                                             {1, range->gid, range->count}};
    const std::vector<IdLine> user_lines = {{0, uid, 1},
                                            {1, range->uid, range->count}};
    auto helped = run_map_helpers(pid, user_lines, group_lines);
    users = helped.users;
    groups = helped.groups;
    if (!helped.problem.empty()) {
      notes.push_back("ids: a single one in spite of /etc/subuid: " +
                      std::move(helped.problem));
    }
  }
  if (!groups) DRIFTCAGE_CHECK_OK(map_one_group(dir, gid));
  if (!users)
    DRIFTCAGE_CHECK_OK(write_proc(dir, "uid_map", text_of({{0, uid, 1}})));
  return groups && users ? range->count + 1 : 1;
}

struct Maps {
  int dir;      // of the process in /proc
  int go;       // readable when its namespace is there
  int hung_up;  // the other end of that, which is not for the helper
  std::string users;
  std::string groups;
};

// The maps of the caller's new user namespace can be written by a process of
// the one around it only: this one, made before. 0 or an errno value.
int write_maps_of_parent(void* argument) {
  const Maps& maps = *static_cast<const Maps*>(argument);
  ::close(maps.hung_up);
  char byte = 0;
  if (::read(maps.go, &byte, 1) != 1) return ECANCELED;
  if (auto written = write_proc(maps.dir, "gid_map", maps.groups); !written)
    return written.error().err;
  if (auto written = write_proc(maps.dir, "uid_map", maps.users); !written)
    return written.error().err;
  return 0;
}

// Sharing the memory saves copying it. While one of the two does more than wait
// in a system call, the other one waits.
pid_t start_map_helper(Maps& maps, char* stack) {
  return ::clone(write_maps_of_parent, stack + kHelperStack, CLONE_VM | SIGCHLD,
                 &maps);
}

base::Status unshare_users() {
  if (::unshare(CLONE_NEWUSER) != 0) {
    return base::fail("unshare", "second user namespace", errno,
                      errno == ENOSPC ? "raise user.max_user_namespaces" : "");
  }
  return {};
}

}  // namespace

base::Result<std::uint32_t> map_ids(pid_t pid,
                                    std::vector<std::string>& notes) {
  const base::UniqueFd dir = DRIFTCAGE_TRY(
      base::sys::open("/proc/" + std::to_string(pid), O_PATH | O_DIRECTORY));
  return ::geteuid() == 0 ? map_as_root(dir.get(), notes)
                          : map_as_user(dir.get(), pid, notes);
}

std::vector<IdLine> exchange(std::uint32_t id, std::uint32_t owner,
                             std::uint32_t count) {
  if (count < 2 || owner >= count) return {{id, 0, 1}};
  std::vector<IdLine> lines;
  const auto add = [&lines](std::uint32_t inside, std::uint32_t outside,
                            std::uint32_t number) {
    if (number == 0) return;
    // 0 may be a line of its own in the map around this one, and the kernel
    // looks for all of a line in one of that.
    if (outside == 0 && number > 1) {
      lines.push_back({inside, 0, 1});
      lines.push_back({inside + 1, 1, number - 1});
    } else {
      lines.push_back({inside, outside, number});
    }
  };
  if (id == owner) {
    add(0, 0, count);
    return lines;
  }
  const std::uint32_t low = std::min(id, owner);
  const std::uint32_t high = std::max(id, owner);
  add(0, 0, std::min(low, count));
  add(low, high, high < count ? 1 : 0);
  if (id >= count) {  // it has no place of its own to give
    add(low + 1, low + 1, count - low - 1);
    add(id, owner, 1);
    return lines;
  }
  add(low + 1, low + 1, high - low - 1);
  add(high, low, 1);
  add(high + 1, high + 1, count - high - 1);
  return lines;
}

base::Status enter_user_namespace(const CageIds& ids,
                                  const std::vector<IdLine>& users,
                                  const std::vector<IdLine>& groups) {
  const base::UniqueFd dir =
      DRIFTCAGE_TRY(base::sys::openat(ids.proc, "self", O_PATH | O_DIRECTORY));
  // One id can be mapped without any help.
  if (is_single(users) && is_single(groups)) {
    DRIFTCAGE_CHECK_OK(unshare_users());
    // The change of credentials made the process undumpable, and its /proc
    // entries root's.
    ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    if (auto denied = write_proc(dir.get(), "setgroups", "deny");
        !denied && denied.error().err != ENOENT) {
      return denied;
    }
    DRIFTCAGE_CHECK_OK(write_proc(dir.get(), "gid_map", text_of(groups)));
    return write_proc(dir.get(), "uid_map", text_of(users));
  }
  auto [read_end, write_end] = DRIFTCAGE_TRY(base::sys::pipe());
  Maps maps{dir.get(), read_end.get(), write_end.get(), text_of(users),
            text_of(groups)};
  const auto stack = std::make_unique_for_overwrite<char[]>(kHelperStack);
  const pid_t helper = start_map_helper(maps, stack.get());
  if (helper < 0) return base::fail("clone", "id mapper", errno);
  read_end.reset();
  auto status = unshare_users();
  ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  if (status && ::write(write_end.get(), "x", 1) != 1)
    status = base::fail("write", "id mapper", errno);
  write_end.reset();
  int ended = 0;
  while (::waitpid(helper, &ended, __WALL) < 0 && errno == EINTR) {
  }
  DRIFTCAGE_CHECK_OK(std::move(status));
  // An errno value fits into an exit status.
  const int err = WIFEXITED(ended) ? WEXITSTATUS(ended) : EINTR;
  if (err != 0) return base::fail("map ids", "second user namespace", err);
  return {};
}

}  // namespace driftcage::cage
