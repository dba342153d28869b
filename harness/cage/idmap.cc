// SPDX-License-Identifier: Apache-2.0
#include "harness/cage/idmap.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "harness/base/sys.h"

namespace driftcage::cage {
namespace {

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

std::string line(std::uint32_t inside, std::uint32_t outside,
                 std::uint32_t count) {
  return std::to_string(inside) + " " + std::to_string(outside) + " " +
         std::to_string(count);
}

// A group map of one line needs no privilege, once setgroups(2) is given up.
base::Status map_one_group(int dir, std::uint32_t inside,
                           std::uint32_t outside) {
  if (auto denied = write_proc(dir, "setgroups", "deny");
      !denied && denied.error().err != ENOENT) {
    return denied;
  }
  return write_proc(dir, "gid_map", line(inside, outside, 1));
}

}  // namespace

base::Status map_ids(pid_t pid, std::vector<std::string>& notes) {
  const base::UniqueFd dir = DRIFTCAGE_TRY(
      base::sys::open("/proc/" + std::to_string(pid), O_PATH | O_DIRECTORY));
  const uid_t uid = ::geteuid();
  if (uid != 0) {
    DRIFTCAGE_CHECK_OK(map_one_group(dir.get(), 0, ::getegid()));
    return write_proc(dir.get(), "uid_map", line(0, uid, 1));
  }
  const std::string range = line(0, kRangeStart, kRangeSize);
  if (!write_proc(dir.get(), "gid_map", range)) {
    notes.emplace_back("ids: groups are not shifted, root lacks CAP_SETGID");
    DRIFTCAGE_CHECK_OK(map_one_group(dir.get(), 0, ::getegid()));
  }
  if (!write_proc(dir.get(), "uid_map", range)) {
    notes.emplace_back(
        "ids: users are not shifted, root lacks CAP_SETUID: the cage's root is "
        "the host's, and RLIMIT_NPROC does not bind it");
    return write_proc(dir.get(), "uid_map", line(0, 0, 1));
  }
  return {};
}

base::Status map_own_ids(int proc, std::uint32_t uid, std::uint32_t gid) {
  const base::UniqueFd dir =
      DRIFTCAGE_TRY(base::sys::openat(proc, "self", O_PATH | O_DIRECTORY));
  DRIFTCAGE_CHECK_OK(map_one_group(dir.get(), gid, 0));
  return write_proc(dir.get(), "uid_map", line(uid, 0, 1));
}

}  // namespace driftcage::cage
