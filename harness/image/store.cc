// SPDX-License-Identifier: Apache-2.0
#include "harness/image/store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <utility>

#include "harness/base/path.h"
#include "harness/base/sys.h"
#include "harness/image/digest.h"
#include "harness/image/store_json.h"
#include "harness/image/store_lock.h"
#include "harness/image/tree_walk.h"

namespace driftcage::image {
namespace {

std::string value_of(const std::map<std::string, std::string>& environment,
                     const char* name) {
  const auto found = environment.find(name);
  // The specification: a relative path is to be ignored.
  return found != environment.end() && found->second.starts_with('/')
             ? found->second
             : std::string();
}

// True when `path` is a directory of the caller's; makes it when missing.
base::Result<bool> own_folder(const std::string& path) {
  DRIFTCAGE_CHECK_OK(base::sys::make_directories(path, 0700));
  struct ::stat status {};
  if (::lstat(path.c_str(), &status) != 0)
    return base::fail("stat", path, errno);
  return S_ISDIR(status.st_mode) && status.st_uid == ::geteuid();
}

}  // namespace

base::Result<std::string> store_folder(
    const std::map<std::string, std::string>& environment) {
  std::string base = value_of(environment, "XDG_CACHE_HOME");
  if (base.empty()) {
    const std::string home = value_of(environment, "HOME");
    if (!home.empty()) base = home + "/.cache";
  }
  if (!base.empty()) return base + "/driftcage/images";
  base = "/tmp/driftcage-" + std::to_string(::geteuid());
  // Anybody may have made this name in /tmp.
  if (!DRIFTCAGE_TRY(own_folder(base))) {
    return base::fail("use folder", base, EPERM, "it is not yours; set HOME");
  }
  return base + "/driftcage/images";
}

base::Result<Store> Store::open(const std::string& folder) {
  Store store;
  store.folder_ = folder;
  auto own = own_folder(store.folder_);
  if (own && !*own) {
    store.folder_ += "-" + std::to_string(::geteuid());
    own = own_folder(store.folder_);
  }
  if (!own || !*own) {
    return base::fail("open image store", store.folder_,
                      own ? EPERM : own.error().err,
                      "set XDG_CACHE_HOME to a folder of yours");
  }
  for (const char* name :
       {"/blobs/sha256", "/rootfs", "/records", "/locks", "/tmp"}) {
    DRIFTCAGE_CHECK_OK(base::sys::make_directories(store.folder_ + name, 0700));
  }
  return store;
}

std::string Store::blob(const std::string& digest) const {
  return folder_ + "/blobs/sha256/" + hex_of(digest);
}

std::string Store::recipe_lock(const std::string& name) const {
  return folder_ + "/locks/recipe-" + hex_of(digest_of(name));
}

std::string Store::blobs_lock() const { return folder_ + "/locks/blobs"; }

base::Result<std::shared_ptr<base::UniqueFd>> Store::keep_blobs() const {
  return image::lock_path(blobs_lock(), LockKind::Shared, true);
}

std::string Store::tree_folder(const std::string& chain) const {
  return folder_ + "/rootfs/" + hex_of(chain);
}

std::string Store::lock_path(const std::string& chain) const {
  return folder_ + "/locks/" + hex_of(chain);
}

std::string Store::record_path(const std::string& reference) const {
  return folder_ + "/records/" + hex_of(digest_of(reference)) + ".json";
}

Store::Workspace::~Workspace() {
  if (path.empty() || !lock) return;
  const auto parent = base::sys::open(std::string(base::path::dir_name(path)),
                                      O_RDONLY | O_DIRECTORY);
  if (!parent) return;
  // What cannot be removed now is gc's to find.
  static_cast<void>(
      remove_tree(parent->get(), std::string(base::path::base_name(path))));
  ::unlink((path + ".lock").c_str());
}

base::Result<Store::Workspace> Store::workspace() const {
  while (true) {
    std::string path = folder_ + "/tmp/wXXXXXX";
    if (::mkdtemp(path.data()) == nullptr)
      return base::fail("mkdir", path, errno);
    auto lock = DRIFTCAGE_TRY(
        image::lock_path(path + ".lock", LockKind::Exclusive, true));
    // A gc that came between the two calls took it for a leftover.
    if (!base::sys::stat(path)) {
      ::unlink((path + ".lock").c_str());
      continue;
    }
    Workspace space;
    space.path = path;
    space.lock = std::move(lock);
    return space;
  }
}

base::Result<std::optional<StoredImage>> Store::record(
    const std::string& reference) const {
  const std::string path = record_path(reference);
  const auto bytes = base::sys::read_file(path);
  if (!bytes && bytes.error().err == ENOENT)
    return std::optional<StoredImage>();
  if (!bytes) return tl::make_unexpected(bytes.error());
  auto image = stored_image_from(*bytes, path);
  // A record of another version: fetched again, it is replaced.
  if (!image || image->reference != reference || !is_digest(image->chain))
    return std::optional<StoredImage>();
  return std::optional(*std::move(image));
}

base::Status Store::put(const StoredImage& image) const {
  StoredImage dated = image;
  dated.created_s = std::time(nullptr);
  return base::sys::replace_file(record_path(image.reference),
                                 dump(to_json(dated)), 0600);
}

base::Status Store::remove(const std::string& reference) const {
  if (::unlink(record_path(reference).c_str()) != 0) {
    return base::fail("remove image", reference, errno,
                      errno == ENOENT ? "`driftcage image list` shows what "
                                        "the store has"
                                      : "");
  }
  return {};
}

}  // namespace driftcage::image
