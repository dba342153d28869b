// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/cage/layer.h"

namespace driftcage::cage {

enum class RegionKind : std::uint8_t {
  Plain,     // the cage's own: a scratch file system, or a shared directory
  Overlay,   // an image's tree with changes in Layer::upper
  ReadOnly,  // nothing can be changed
};

// A part of the cage's tree that one mount serves.
struct Region {
  std::string at;  // absolute in the cage, no links, no trailing slash
  RegionKind kind = RegionKind::Plain;
  std::shared_ptr<Layer> layer;  // of an Overlay
  std::string inside;            // where `at` lies in the layer, "" at its root
};

// Which mount serves which path.
class RegionMap {
 public:
  // A mount over `region.at`, which covers what was there and below.
  void cover(Region region);
  // A mount that shows what was there and below as before.
  void add(Region region) { regions_.push_back(std::move(region)); }
  // The region that serves `path`, which is canonical: "/" always has one.
  [[nodiscard]] const Region& find(std::string_view path) const;
  // Regions that begin below `path` or at it, the deepest and latest first.
  [[nodiscard]] std::vector<std::string> starts_below(
      std::string_view path) const;
  // Everything at `path` and below has become read-only.
  void make_read_only(std::string_view path);
  // Forgets the latest region that begins at `path`.
  void remove(std::string_view path);
  // `path` relative to the layer of `region`, "" for its root.
  [[nodiscard]] static std::string in_layer(const Region& region,
                                            std::string_view path);

 private:
  std::vector<Region> regions_;
};

}  // namespace driftcage::cage
