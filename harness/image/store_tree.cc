// SPDX-License-Identifier: Apache-2.0
// Trees of the store: made once, then only read.
#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "harness/base/sys.h"
#include "harness/cage/idmap.h"
#include "harness/image/digest.h"
#include "harness/image/store.h"
#include "harness/image/store_json.h"
#include "harness/image/store_lock.h"
#include "harness/image/tree_walk.h"

namespace driftcage::image {
namespace {

constexpr const char* kRoot = "/root";
constexpr const char* kManifest = "/manifest.json";
constexpr const char* kStamp = "/stamp";

// Changes with each start of the machine.
std::string boot_id() {
  return base::sys::read_file("/proc/sys/kernel/random/boot_id")
      .value_or(std::string("unknown\n"));
}

base::Result<TreeMeasure> measure(const std::string& root) {
  const auto fd = DRIFTCAGE_TRY(base::sys::open(root, O_RDONLY | O_DIRECTORY));
  return measure_tree(fd.get());
}

// Whether what failed so may succeed the next time.
bool is_passing(int err) {
  constexpr std::array kPassing{EINTR,  EAGAIN, ENOMEM, EMFILE,
                                ENFILE, EIO,    ECHILD};
  return std::find(kPassing.begin(), kPassing.end(), err) != kPassing.end();
}

}  // namespace

base::Result<bool> Store::is_complete(const std::string& chain) const {
  const std::string folder = tree_folder(chain);
  const auto stamp = base::sys::read_file(folder + kStamp);
  if (!stamp) {
    if (stamp.error().err == ENOENT) return false;
    return tl::make_unexpected(stamp.error());
  }
  const std::string boot = boot_id();
  if (*stamp == boot) return true;
  // Nothing was flushed to the disk on purpose, which would take longer than
  // unpacking: after a crash of the machine files may be short. One look at
  // every inode per start of the machine finds out.
  const auto info = tree_info(chain);
  const auto now = measure(folder + kRoot);
  // Not known is not damaged: that would have it thrown away.
  if (!now && is_passing(now.error().err))
    return tl::make_unexpected(now.error());
  if (!info || !now || !are_alike(info->measure, *now)) return false;
  static_cast<void>(base::sys::replace_file(folder + kStamp, boot, 0600));
  return true;
}

base::Result<StoredTreeInfo> Store::tree_info(const std::string& chain) const {
  const std::string path = tree_folder(chain) + kManifest;
  const std::string bytes = DRIFTCAGE_TRY(base::sys::read_file(path, 1u << 30));
  return tree_info_from(bytes, path);
}

base::Result<std::optional<StoredTree>> Store::find(
    const std::string& chain) const {
  auto lock =
      DRIFTCAGE_TRY(image::lock_path(lock_path(chain), LockKind::Shared, true));
  if (!DRIFTCAGE_TRY(is_complete(chain))) return std::optional<StoredTree>();
  StoredTree tree;
  tree.chain = chain;
  tree.root = tree_folder(chain) + kRoot;
  tree.lock = std::move(lock);
  // The manifest says so as well, but can be long.
  const auto status = DRIFTCAGE_TRY(base::sys::stat(tree.root));
  tree.has_owners = IdShift{cage::kRangeStart, cage::kRangeSize}.covers(
      status.st_uid - cage::kRangeStart);
  return std::optional(std::move(tree));
}

base::Status Store::drop_leftovers(const std::string& chain) const {
  const auto rootfs =
      DRIFTCAGE_TRY(base::sys::open(folder_ + "/rootfs", O_RDONLY));
  const std::string own = hex_of(chain);
  for (const std::string& name : DRIFTCAGE_TRY(list_names(rootfs.get()))) {
    if (name == own || name.starts_with(".tmp-" + own))
      DRIFTCAGE_CHECK_OK(remove_tree(rootfs.get(), name));
  }
  return {};
}

base::Status Store::make_tree(const std::string& chain,
                              const Fill& fill) const {
  // The lock is ours: whatever lies there is of a process that was killed, or
  // of a machine that crashed.
  DRIFTCAGE_CHECK_OK(drop_leftovers(chain));
  const std::string work =
      fmt::format("{}/rootfs/.tmp-{}", folder_, hex_of(chain));
  DRIFTCAGE_CHECK_OK(base::sys::mkdir(work, 0700));
  const auto build = [&]() -> base::Status {
    DRIFTCAGE_CHECK_OK(base::sys::mkdir(work + kRoot, 0700));
    StoredTreeInfo info;
    info.ids = usual_ids(work);
    UnpackResult result = DRIFTCAGE_TRY(fill(work + kRoot, info.ids));
    info.originals = std::move(result.originals);
    info.notes = std::move(result.notes);
    info.measure = DRIFTCAGE_TRY(measure(work + kRoot));
    DRIFTCAGE_CHECK_OK(
        base::sys::write_file(work + kManifest, dump(to_json(info)), 0600));
    DRIFTCAGE_CHECK_OK(base::sys::write_file(work + kStamp, boot_id(), 0600));
    if (::rename(work.c_str(), tree_folder(chain).c_str()) != 0)
      return base::fail("rename", work, errno);
    return {};
  };
  auto built = build();
  if (!built) static_cast<void>(drop_leftovers(chain));
  return built;
}

base::Result<StoredTree> Store::ensure(const std::string& chain,
                                       const Fill& fill,
                                       const Progress& progress) const {
  while (true) {
    auto found = DRIFTCAGE_TRY(find(chain));
    if (found) return *std::move(found);
    const std::string path = lock_path(chain);
    auto lock =
        DRIFTCAGE_TRY(image::lock_path(path, LockKind::Exclusive, false));
    if (lock == nullptr) {
      if (progress)
        progress(Said::Step, "waiting for another process that unpacks it");
      lock = DRIFTCAGE_TRY(image::lock_path(path, LockKind::Exclusive, true));
    }
    if (!DRIFTCAGE_TRY(is_complete(chain)))
      DRIFTCAGE_CHECK_OK(make_tree(chain, fill));
    // flock(2) turns an exclusive lock into a shared one not atomically; a gc
    // may come between. Looking again is the way out.
  }
}

}  // namespace driftcage::image
