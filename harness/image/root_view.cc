// SPDX-License-Identifier: Apache-2.0
#include "harness/image/root_view.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "harness/base/path.h"
#include "harness/base/sys.h"

namespace driftcage::image {
namespace {

base::UniqueFd open_in_root(const std::string& root, const std::string& path) {
  const auto top = base::sys::open(root, O_PATH | O_DIRECTORY);
  if (!top) return {};
  struct ::open_how how {};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  const auto fd = ::syscall(SYS_openat2, top->get(), path.c_str(), &how,
                            sizeof(how));  // no glibc wrapper
  return base::UniqueFd(static_cast<int>(fd));
}

}  // namespace

std::optional<RootFile> look_up(const std::string& root,
                                const std::string& path) {
  const base::UniqueFd fd = open_in_root(root, path);
  if (!fd) return std::nullopt;
  RootFile file;
  if (::fstat(fd.get(), &file.status) != 0) return std::nullopt;
  const auto name = base::sys::readlinkat(
      AT_FDCWD, "/proc/self/fd/" + std::to_string(fd.get()));
  const auto top = base::sys::open(root, O_PATH | O_DIRECTORY);
  if (!name || !top) return std::nullopt;
  // The root itself may have been given through links.
  const auto prefix = base::sys::readlinkat(
      AT_FDCWD, "/proc/self/fd/" + std::to_string(top->get()));
  if (!prefix || !base::path::is_below(*name, *prefix)) return std::nullopt;
  file.path = *prefix == "/" ? *name : name->substr(prefix->size());
  if (file.path.empty()) file.path = "/";
  return file;
}

bool is_program(const std::string& root, const std::string& path) {
  const base::UniqueFd fd = open_in_root(root, path);
  struct ::stat status {};
  return fd && ::fstat(fd.get(), &status) == 0 && S_ISREG(status.st_mode) &&
         (status.st_mode & 0111) != 0;
}

bool is_directory(const std::string& root, const std::string& path) {
  const base::UniqueFd fd = open_in_root(root, path);
  struct ::stat status {};
  return fd && ::fstat(fd.get(), &status) == 0 && S_ISDIR(status.st_mode);
}

}  // namespace driftcage::image
