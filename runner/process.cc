// SPDX-License-Identifier: Apache-2.0
#include "runner/process.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "harness/base/sys.h"
#include "harness/base/zero_list.h"

namespace driftcage::runner {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::vector<std::string> own_command_line() {
  const auto bytes = base::sys::read_file("/proc/self/cmdline");
  return base::split_zero(bytes ? *bytes : std::string());
}

base::Result<std::string> executable_path() {
  return base::sys::readlinkat(AT_FDCWD, "/proc/self/exe");
}

bool fill_standard_streams() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0) continue;
    // The lowest number is taken, which is this one. O_PATH: every use of it
    // is EBADF, as before.
    if (::open("/dev/null", O_PATH) != fd) return false;
  }
  return true;
}

base::Result<std::string> working_directory() {
  std::error_code code;
  const std::filesystem::path path = std::filesystem::current_path(code);
  if (code)
    return base::fail("find the working directory", {}, code.value(),
                      "change to a directory that exists");
  return path.string();
}

}  // namespace driftcage::runner
