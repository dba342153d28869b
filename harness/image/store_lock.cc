// SPDX-License-Identifier: Apache-2.0
#include "harness/image/store_lock.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "harness/base/sys.h"
#include "harness/image/interrupt.h"

namespace driftcage::image {
namespace {

constexpr int kLookMs = 20;

}  // namespace

base::Result<std::shared_ptr<base::UniqueFd>> lock_path(const std::string& path,
                                                        LockKind kind,
                                                        bool wait) {
  const int operation =
      (kind == LockKind::Shared ? LOCK_SH : LOCK_EX) | LOCK_NB;
  while (true) {
    auto fd = std::make_shared<base::UniqueFd>(
        DRIFTCAGE_TRY(base::sys::open(path, O_RDWR | O_CREAT, 0600)));
    if (::flock(fd->get(), operation) != 0) {
      if (errno != EWOULDBLOCK) return base::fail("lock", path, errno);
      if (!wait) return std::shared_ptr<base::UniqueFd>();
      // A signal that comes just before a blocking call would be slept over.
      DRIFTCAGE_CHECK_OK(check_interrupt());
      ::poll(nullptr, 0, kLookMs);
      continue;
    }
    struct ::stat held {};
    struct ::stat named {};
    if (::fstat(fd->get(), &held) != 0) return base::fail("stat", path, errno);
    if (::stat(path.c_str(), &named) == 0 && held.st_ino == named.st_ino &&
        held.st_dev == named.st_dev) {
      return fd;
    }
  }
}

}  // namespace driftcage::image
