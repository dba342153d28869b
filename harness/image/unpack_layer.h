// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <unordered_set>

#include "harness/base/result.h"
#include "harness/image/tree_walk.h"
#include "harness/image/unpack_root.h"

namespace driftcage::image {

// The names that the layer being unpacked has put into the tree. Whiteouts of
// that layer must leave them alone, wherever in the archive they stand.
class LayerNames {
 public:
  void clear() { names_.clear(); }
  void add(const Place& place) {
    names_.insert(key(place.directory->id, place.name));
  }
  [[nodiscard]] bool contains(const FileId& directory,
                              const std::string& name) const {
    return names_.contains(key(directory, name));
  }

 private:
  static std::string key(const FileId& directory, const std::string& name);
  std::unordered_set<std::string> names_;
};

// What a whiteout entry (OCI image specification, "layer") asks for.
enum class WhiteoutKind : unsigned char {
  None,     // not a whiteout
  Name,     // `.wh.NAME`: NAME of the layers below goes
  Opaque,   // `.wh..wh..opq`: all of the directory's lower content goes
  Ignored,  // other names of aufs
  Invalid,  // the name to remove is empty, "." or ".."
};
[[nodiscard]] WhiteoutKind whiteout_kind(const std::string& name);
// The NAME of `.wh.NAME`.
[[nodiscard]] std::string whiteout_target(const std::string& name);

// Removes what lower layers have at `name` in `dir`. A directory in which
// something of this layer lies stays; `became_new` is called when it was not
// the layer's own: as if the layer had made it.
[[nodiscard]] base::Status remove_lower(
    int dir, const FileId& dir_id, const std::string& name,
    const LayerNames& upper,
    const std::function<void(const FileId&)>& became_new);
// The same for everything in `dir`.
[[nodiscard]] base::Status remove_lower_children(
    int dir, const FileId& dir_id, const LayerNames& upper,
    const std::function<void(const FileId&)>& became_new);

}  // namespace driftcage::image
