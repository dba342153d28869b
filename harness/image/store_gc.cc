// SPDX-License-Identifier: Apache-2.0
// What the store has, whether it is whole, and how it is made smaller.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "harness/base/sys.h"
#include "harness/image/digest.h"
#include "harness/image/store.h"
#include "harness/image/store_json.h"
#include "harness/image/store_lock.h"
#include "harness/image/tree_measure.h"
#include "harness/image/tree_walk.h"

namespace driftcage::image {
namespace {

constexpr std::string_view kDigestPrefix = "sha256:";

std::uint64_t file_size(const std::string& path) {
  const auto status = base::sys::stat(path);
  return status ? static_cast<std::uint64_t>(status->st_size) : 0;
}

base::Result<std::vector<std::string>> names_in(const std::string& path) {
  const auto fd = DRIFTCAGE_TRY(base::sys::open(path, O_RDONLY | O_DIRECTORY));
  return list_names(fd.get());
}

base::Result<bool> has_record(const Store& store, const std::string& chain) {
  const auto known = DRIFTCAGE_TRY(store.list());
  return std::any_of(known.begin(), known.end(), [&](const StoreEntry& entry) {
    return entry.image.chain == chain;
  });
}

}  // namespace

base::Result<std::vector<StoreEntry>> Store::list() const {
  std::vector<StoreEntry> entries;
  for (const std::string& name :
       DRIFTCAGE_TRY(names_in(folder_ + "/records"))) {
    if (!name.ends_with(".json")) continue;
    const std::string path = folder_ + "/records/" + name;
    const auto bytes = base::sys::read_file(path);
    if (!bytes) continue;  // removed meanwhile
    auto image = stored_image_from(*bytes, path);
    if (!image || !is_digest(image->chain)) continue;
    StoreEntry entry;
    entry.image = *std::move(image);
    if (const auto info = tree_info(entry.image.chain)) {
      entry.unpacked = true;
      entry.tree_bytes = info->measure.best().bytes;
      entry.tree_entries = info->measure.best().entries;
    }
    for (const std::string& digest : entry.image.blobs)
      entry.blob_bytes += file_size(blob(digest));
    entries.push_back(std::move(entry));
  }
  std::sort(entries.begin(), entries.end(),
            [](const StoreEntry& a, const StoreEntry& b) {
              return a.image.reference < b.image.reference;
            });
  return entries;
}

base::Result<std::vector<std::string>> Store::verify(
    const StoredImage& image) const {
  std::vector<std::string> wrong;
  for (const std::string& digest : image.blobs) {
    const auto found = digest_file(blob(digest));
    if (!found && found.error().err == EINTR)
      return tl::make_unexpected(found.error());
    if (!found) {
      wrong.push_back(digest + ": " + found.error().message());
    } else if (found->digest != digest) {
      wrong.push_back(digest + ": the blob's content has another digest");
    }
  }
  const auto tree = DRIFTCAGE_TRY(find(image.chain));
  if (!tree) {
    wrong.push_back(image.chain + ": it is not unpacked, or damaged");
    return wrong;
  }
  const auto info = DRIFTCAGE_TRY(tree_info(image.chain));
  const auto top =
      DRIFTCAGE_TRY(base::sys::open(tree->root, O_RDONLY | O_DIRECTORY));
  const TreeMeasure measure = DRIFTCAGE_TRY(measure_tree(top.get()));
  if (are_alike(measure, info.measure)) return wrong;
  const bool both = measure.whole && info.measure.whole;
  const TreeSize& now = both ? *measure.whole : measure.seen;
  const TreeSize& then = both ? *info.measure.whole : info.measure.seen;
  if (now.entries != then.entries || now.bytes != then.bytes) {
    wrong.push_back(fmt::format(
        "{}: {} entries with {} bytes, but {} with {} were unpacked",
        image.chain, now.entries, now.bytes, then.entries, then.bytes));
  } else {
    wrong.push_back(image.chain + ": something in it was changed afterwards");
  }
  return wrong;
}

base::Status Store::gc_trees(const std::vector<StoreEntry>& known,
                             GcResult& result) const {
  std::set<std::string> wanted;
  for (const StoreEntry& entry : known)
    wanted.insert(hex_of(entry.image.chain));
  const auto rootfs =
      DRIFTCAGE_TRY(base::sys::open(folder_ + "/rootfs", O_RDONLY));
  for (const std::string& name : DRIFTCAGE_TRY(list_names(rootfs.get()))) {
    const bool leftover = name.starts_with(".tmp-");
    const std::string hex = leftover ? name.substr(5) : name;
    if (!is_digest(std::string(kDigestPrefix) + hex)) continue;
    if (!leftover && wanted.contains(hex)) continue;
    const std::string chain = std::string(kDigestPrefix) + hex;
    const auto lock = DRIFTCAGE_TRY(
        image::lock_path(lock_path(chain), LockKind::Exclusive, false));
    if (lock == nullptr) {
      result.in_use.push_back("tree " + chain);
      continue;
    }
    // Whoever made it meanwhile has written its record before letting go.
    if (!leftover && DRIFTCAGE_TRY(has_record(*this, chain))) continue;
    if (const auto info = tree_info(chain); info && !leftover)
      result.bytes += info->measure.best().bytes;
    if (!leftover) {
      // Without its stamp it counts as absent, should we be killed half-way.
      ::unlinkat(rootfs.get(), (name + "/stamp").c_str(), 0);
    }
    DRIFTCAGE_CHECK_OK(remove_tree(rootfs.get(), name));
    ::unlink(lock_path(chain).c_str());
    result.removed.push_back((leftover ? "unfinished tree " : "tree ") + chain);
  }
  return {};
}

base::Status Store::gc_blobs(GcResult& result) const {
  const auto lock =
      DRIFTCAGE_TRY(image::lock_path(blobs_lock(), LockKind::Exclusive, false));
  if (lock == nullptr) {
    result.in_use.emplace_back("blobs, while something is being fetched");
    return {};
  }
  const std::string folder = folder_ + "/blobs/sha256";
  const auto names = DRIFTCAGE_TRY(names_in(folder));
  std::set<std::string> wanted;
  for (const StoreEntry& entry : DRIFTCAGE_TRY(list()))
    for (const std::string& digest : entry.image.blobs)
      wanted.insert(hex_of(digest));
  for (const std::string& name : names) {
    if (wanted.contains(name)) continue;
    const std::string path = folder + "/" + name;
    result.bytes += file_size(path);
    if (::unlink(path.c_str()) != 0 && errno != ENOENT)
      return base::fail("remove", path, errno);
    result.removed.push_back("blob " + std::string(kDigestPrefix) + name);
  }
  ::unlink(blobs_lock().c_str());
  return {};
}

base::Status Store::gc_tmp(GcResult& result) const {
  const auto tmp = DRIFTCAGE_TRY(base::sys::open(folder_ + "/tmp", O_RDONLY));
  for (const std::string& name : DRIFTCAGE_TRY(list_names(tmp.get()))) {
    const std::string path = folder_ + "/tmp/" + name;
    if (name.ends_with(".lock")) {
      // Of a workspace that is gone; whoever waits for it makes a new one.
      if (!base::sys::stat(path.substr(0, path.size() - 5)))
        ::unlink(path.c_str());
      continue;
    }
    const auto lock = DRIFTCAGE_TRY(
        image::lock_path(path + ".lock", LockKind::Exclusive, false));
    if (lock == nullptr) {
      result.in_use.push_back("work in " + path);
      continue;
    }
    DRIFTCAGE_CHECK_OK(remove_tree(tmp.get(), name));
    ::unlink((path + ".lock").c_str());
    result.removed.push_back("unfinished work " + name);
  }
  return {};
}

base::Result<GcResult> Store::gc() const {
  GcResult result;
  DRIFTCAGE_CHECK_OK(gc_tmp(result));
  const auto known = DRIFTCAGE_TRY(list());
  DRIFTCAGE_CHECK_OK(gc_trees(known, result));
  DRIFTCAGE_CHECK_OK(gc_blobs(result));
  return result;
}

}  // namespace driftcage::image
