// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "harness/image/recipe.h"
#include "harness/scenario/diagnostic.h"

namespace driftcage::recipe {

// Reads the TOML of an image recipe (docs/images.md). `file` is for messages,
// `name` what the recipe is called. All mistakes at once.
[[nodiscard]] tl::expected<image::Recipe, std::vector<scenario::Diagnostic>>
parse_recipe(std::string_view toml, const std::string& file,
             const std::string& name);

}  // namespace driftcage::recipe
