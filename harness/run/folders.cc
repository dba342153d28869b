// SPDX-License-Identifier: Apache-2.0
#include "harness/run/folders.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "harness/base/sys.h"

namespace driftcage::run {
namespace {

std::string absolute_variable(const char* name) {
  const char* value = std::getenv(name);
  // The specification: a relative path is to be ignored.
  return value != nullptr && *value == '/' ? value : "";
}

base::Result<std::string> homeless_folder() {
  const std::string folder = "/tmp/driftcage-" + std::to_string(::geteuid());
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return base::fail("mkdir", folder, errno);
  }
  // Anybody may have made this name in /tmp.
  struct ::stat status {};
  if (::lstat(folder.c_str(), &status) != 0) {
    return base::fail("stat", folder, errno);
  }
  if (!S_ISDIR(status.st_mode) || status.st_uid != ::geteuid() ||
      (status.st_mode & 022) != 0) {
    return base::fail("use folder", folder, EPERM,
                      "it is not private; set HOME");
  }
  return folder;
}

base::Result<std::string> folder(const char* variable, const char* below_home) {
  std::string base = absolute_variable(variable);
  if (base.empty()) {
    const std::string home = absolute_variable("HOME");
    base = home.empty() ? DRIFTCAGE_TRY(homeless_folder()) : home + below_home;
  }
  base += "/driftcage";
  if (auto made = base::sys::make_directories(base, 0755); !made) {
    base::Error error = std::move(made).error();
    error.hint = std::string("set ") + variable + " to a writable folder";
    return tl::make_unexpected(std::move(error));
  }
  return base;
}

}  // namespace

base::Result<std::string> state_folder() {
  return folder("XDG_STATE_HOME", "/.local/state");
}

base::Result<std::string> cache_folder() {
  return folder("XDG_CACHE_HOME", "/.cache");
}

base::Result<base::UniqueFd> lock_file(const std::string& path) {
  base::UniqueFd fd =
      DRIFTCAGE_TRY(base::sys::open(path, O_RDWR | O_CREAT, 0644));
  while (::flock(fd.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return base::fail("lock", path, errno);
  }
  return fd;
}

}  // namespace driftcage::run
