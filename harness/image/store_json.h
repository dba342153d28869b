// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "harness/base/result.h"
#include "harness/image/store.h"

// The store's own files as JSON. Readers return an error for anything that
// this version did not write.
namespace driftcage::image {

[[nodiscard]] nlohmann::json to_json(const StoredImage& image);
[[nodiscard]] base::Result<StoredImage> stored_image_from(
    const std::string& bytes, const std::string& name);
[[nodiscard]] nlohmann::json to_json(const StoredTreeInfo& info);
[[nodiscard]] base::Result<StoredTreeInfo> tree_info_from(
    const std::string& bytes, const std::string& name);
// Text of a document; names that are no UTF-8 lose their odd bytes.
[[nodiscard]] std::string dump(const nlohmann::json& value);

}  // namespace driftcage::image
