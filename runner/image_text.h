// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/image/store.h"
#include "harness/model/facts.h"

// How `driftcage image` shows things: for people and as JSON.
namespace driftcage::runner {

// A line of `image list`: an image of the store, a recipe, or both.
struct ListedImage {
  std::string name;
  std::string title;  // of a recipe
  std::optional<image::StoreEntry> stored;
};

struct InspectedImage {
  std::string name;
  std::string root;
  image::StoredImage image;  // empty chain: not from the store
  std::optional<image::StoredTreeInfo> tree;
  model::Facts facts;
};

// "476.3 MB", in powers of ten as registries count.
[[nodiscard]] std::string size_text(std::uint64_t bytes);

[[nodiscard]] std::string list_text(const std::vector<ListedImage>& images);
[[nodiscard]] std::string list_json(const std::vector<ListedImage>& images);
[[nodiscard]] std::string inspect_text(const InspectedImage& inspected);
[[nodiscard]] std::string inspect_json(const InspectedImage& inspected);
[[nodiscard]] std::string gc_text(const image::GcResult& result);

}  // namespace driftcage::runner
