// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/image/recipe.h"

namespace driftcage::recipe {

// A folder of recipes, NAME.toml each.
class RecipeBook {
 public:
  // An empty path is a book without recipes.
  explicit RecipeBook(std::string folder) : folder_(std::move(folder)) {}

  [[nodiscard]] const std::string& folder() const { return folder_; }
  // The names, sorted.
  [[nodiscard]] std::vector<std::string> names() const;
  // ENOENT with the nearest name when there is none; otherwise the hint shows
  // the mistakes of the file with their places.
  [[nodiscard]] base::Result<image::Recipe> find(const std::string& name) const;

 private:
  std::string folder_;
};

}  // namespace driftcage::recipe
