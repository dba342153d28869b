// SPDX-License-Identifier: Apache-2.0
#include "harness/cage/devices.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "harness/cage/mounts.h"

namespace driftcage::cage {
namespace {

struct Device {
  const char* name;
  unsigned major;
  unsigned minor;
};

// Documentation/admin-guide/devices.txt of the kernel.
constexpr std::array<Device, 6> kDevices = {{{"null", 1, 3},
                                             {"zero", 1, 5},
                                             {"full", 1, 7},
                                             {"random", 1, 8},
                                             {"urandom", 1, 9},
                                             {"tty", 5, 0}}};

struct Link {
  const char* name;
  const char* target;
};

constexpr std::array<Link, 5> kLinks = {{{"fd", "/proc/self/fd"},
                                         {"stdin", "/proc/self/fd/0"},
                                         {"stdout", "/proc/self/fd/1"},
                                         {"stderr", "/proc/self/fd/2"},
                                         {"ptmx", "pts/ptmx"}}};

base::Status bind_device(const std::string& at, const Device& device) {
  const std::string source = std::string("/dev/") + device.name;
  const std::string target = at + "/" + device.name;
  const base::UniqueFd tree = DRIFTCAGE_TRY(clone_tree(AT_FDCWD, source));
  // A host whose null is a file or a link is wrong in a way that would show
  // as a riddle inside the cage.
  struct stat status {};
  if (::fstat(tree.get(), &status) != 0) {
    return base::fail("stat", source, errno);
  }
  if (!S_ISCHR(status.st_mode) ||
      status.st_rdev != ::makedev(device.major, device.minor)) {
    return base::fail("bind device", source, 0,
                      "it is not the character device of that name");
  }
  // The cage's root owns it only where it is the host's root: the mode of the
  // host's device would be its to change.
  if (status.st_uid == ::geteuid()) {
    DRIFTCAGE_CHECK_OK(add_flags(tree.get(), MOUNT_ATTR_RDONLY, source));
  }
  if (::mknod(target.c_str(), S_IFREG | 0666, 0) != 0) {
    return base::fail("create", target, errno);
  }
  return attach(tree.get(), target);
}

// A terminal of the host has no name in the cage's own pts. ttyname(3) looks
// through all of /dev, and container managers give it this one.
base::Status bind_console(const std::string& at) {
  std::array<char, 64> name{};
  // Where the host's pts is hidden, it stays without.
  if (::ttyname_r(STDIN_FILENO, name.data(), name.size()) != 0) return {};
  const auto tree = clone_tree(AT_FDCWD, name.data());
  if (!tree) return {};
  const std::string target = at + "/console";
  if (::mknod(target.c_str(), S_IFREG | 0600, 0) != 0) {
    return base::fail("create", target, errno);
  }
  return attach(tree->get(), target);
}

}  // namespace

base::Status fill_devices(const std::string& at,
                          const std::vector<std::string>& drop, bool console) {
  const auto dropped = [&](const char* name) {
    return std::find(drop.begin(), drop.end(), name) != drop.end();
  };
  for (const Device& device : kDevices) {
    if (!dropped(device.name)) DRIFTCAGE_CHECK_OK(bind_device(at, device));
  }
  for (const Link& link : kLinks) {
    const std::string path = at + "/" + link.name;
    if (!dropped(link.name) && ::symlink(link.target, path.c_str()) != 0) {
      return base::fail("symlink", path, errno);
    }
  }
  if (!dropped("shm")) {
    const std::string shm = at + "/shm";
    if (::mkdir(shm.c_str(), 0755) != 0 || ::chmod(shm.c_str(), 01777) != 0) {
      return base::fail("mkdir", shm, errno);
    }
  }
  if (!dropped("pts")) {
    const std::string pts = at + "/pts";
    if (::mkdir(pts.c_str(), 0755) != 0) return base::fail("mkdir", pts, errno);
    DRIFTCAGE_CHECK_OK(mount_new("devpts", pts, MS_NOSUID | MS_NOEXEC,
                                 "newinstance,ptmxmode=0666,mode=0620"));
  }
  if (console && !dropped("console")) DRIFTCAGE_CHECK_OK(bind_console(at));
  return {};
}

}  // namespace driftcage::cage
