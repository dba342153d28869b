// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/base/unique_fd.h"
#include "harness/image/oci.h"
#include "harness/image/progress.h"
#include "harness/image/tree_measure.h"
#include "harness/image/unpack.h"

namespace driftcage::image {

// What the store knows of an image that was fetched or opened once.
struct StoredImage {
  std::string reference;  // as the user wrote it
  // When it differs from what the source is now, the record is stale; empty:
  // the record is good until it is fetched again.
  std::string source_state;
  std::string chain;     // names the unpacked tree
  std::string manifest;  // digest, may be empty
  ImageConfig config;
  std::vector<ImageLayer> layers;
  std::vector<std::string> blobs;  // digests that the store holds for it
  std::int64_t created_s = 0;      // since 1970
  bool operator==(const StoredImage&) const = default;
};

// A tree in the store, kept from removal as long as this lives.
struct StoredTree {
  std::string chain;
  std::string root;                      // host directory
  std::shared_ptr<base::UniqueFd> lock;  // shared, flock(2)
  bool has_owners = false;  // files have their image's owners, see IdShift
};

struct StoredTreeInfo {
  TreeMeasure measure;
  IdShift ids;
  std::map<std::string, Original> originals;
  std::vector<std::string> notes;
};

struct StoreEntry {
  StoredImage image;
  bool unpacked = false;
  std::uint64_t tree_bytes = 0;
  std::uint64_t tree_entries = 0;
  std::uint64_t blob_bytes = 0;  // of the blobs that are there
};

struct GcResult {
  std::uint64_t bytes = 0;
  std::vector<std::string> removed;  // what, for people
  std::vector<std::string> in_use;   // left because somebody has it open
};

// Where images live: below `folder`
//   blobs/sha256/HEX            as fetched, shared by all images
//   rootfs/HEX/root             the tree of ChainID sha256:HEX
//   rootfs/HEX/manifest.json    what is in it, and what could not be stored
//   rootfs/HEX/stamp            last of all: without it there is no tree
//   records/HEX.json            one per reference
//   locks/HEX                   one per ChainID, and per recipe that is built
//   locks/blobs                 shared while some are brought
//   tmp/                        work in progress
// Everything appears by rename(2) from a finished sibling, so that a process
// may be killed at any time, and any number may run at once.
class Store {
 public:
  // Makes what is missing. The folder is closed to other users: trees hold
  // setuid files. When it is another user's (sudo, a container's HOME), a
  // sibling of the caller's own is used.
  static base::Result<Store> open(const std::string& folder);

  [[nodiscard]] const std::string& folder() const { return folder_; }
  [[nodiscard]] std::string blobs() const { return folder_ + "/blobs"; }
  [[nodiscard]] std::string blob(const std::string& digest) const;
  // The file whose lock (store_lock.h) whoever builds a recipe holds.
  [[nodiscard]] std::string recipe_lock(const std::string& name) const;

  // While the result lives, gc removes no blobs: for whoever brings some, until
  // there is a record that names them. Waits while gc does so.
  [[nodiscard]] base::Result<std::shared_ptr<base::UniqueFd>> keep_blobs()
      const;

  // A folder in tmp/ that gc leaves alone as long as `lock` lives.
  struct Workspace {
    std::string path;
    std::shared_ptr<base::UniqueFd> lock;
    Workspace() = default;
    Workspace(Workspace&& other) noexcept = default;
    Workspace& operator=(Workspace&&) = delete;
    Workspace(const Workspace&) = delete;
    Workspace& operator=(const Workspace&) = delete;
    ~Workspace();  // removes it
  };
  [[nodiscard]] base::Result<Workspace> workspace() const;

  // The tree of a ChainID, when it is there.
  [[nodiscard]] base::Result<std::optional<StoredTree>> find(
      const std::string& chain) const;

  // Fills the empty directory `root`; tells what is to be remembered.
  using Fill = std::function<base::Result<UnpackResult>(const std::string& root,
                                                        const IdShift& ids)>;
  // The same, made by `fill` when it is not there. While another process makes
  // it, this one waits.
  [[nodiscard]] base::Result<StoredTree> ensure(const std::string& chain,
                                                const Fill& fill,
                                                const Progress& progress) const;
  [[nodiscard]] base::Result<StoredTreeInfo> tree_info(
      const std::string& chain) const;

  // Records, by reference.
  [[nodiscard]] base::Result<std::optional<StoredImage>> record(
      const std::string& reference) const;
  [[nodiscard]] base::Status put(const StoredImage& image) const;
  [[nodiscard]] base::Result<std::vector<StoreEntry>> list() const;

  // Compares a tree with what was noted when it was made, and the blobs with
  // their digests. The result lists what is wrong.
  [[nodiscard]] base::Result<std::vector<std::string>> verify(
      const StoredImage& image) const;
  // Forgets a reference; gc() frees what nothing else needs. ENOENT when it is
  // unknown.
  [[nodiscard]] base::Status remove(const std::string& reference) const;
  // Removes trees and blobs without a record, and what killed processes left.
  [[nodiscard]] base::Result<GcResult> gc() const;

 private:
  [[nodiscard]] std::string tree_folder(const std::string& chain) const;
  [[nodiscard]] std::string lock_path(const std::string& chain) const;
  [[nodiscard]] std::string blobs_lock() const;
  [[nodiscard]] std::string record_path(const std::string& reference) const;
  // The tree if it is complete; the caller holds its lock.
  [[nodiscard]] base::Result<bool> is_complete(const std::string& chain) const;
  [[nodiscard]] base::Status make_tree(const std::string& chain,
                                       const Fill& fill) const;
  [[nodiscard]] base::Status drop_leftovers(const std::string& chain) const;
  [[nodiscard]] base::Status gc_trees(const std::vector<StoreEntry>& known,
                                      GcResult& result) const;
  [[nodiscard]] base::Status gc_blobs(GcResult& result) const;
  [[nodiscard]] base::Status gc_tmp(GcResult& result) const;

  std::string folder_;
};

// $XDG_CACHE_HOME/driftcage/images or what the XDG specification puts in its
// place; the caller's environment is given. A user without a home gets a
// private folder in /tmp.
[[nodiscard]] base::Result<std::string> store_folder(
    const std::map<std::string, std::string>& environment);

}  // namespace driftcage::image
