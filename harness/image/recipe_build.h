// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/base/result.h"
#include "harness/image/recipe.h"
#include "harness/image/sources.h"
#include "harness/image/store.h"

namespace driftcage::image {

// The image of a recipe: the one in the store when the recipe's text is still
// the one that it was made from, else made anew. Packages are downloaded and
// checked by apt and unpacked here; their maintainer scripts do not run, so no
// privileges are needed. What those would have left that programs look for
// (accounts, /bin/sh, cc, the loader's cache) is made afterwards.
[[nodiscard]] base::Result<ProvidedImage> provide_recipe(
    const Store& store, const Recipe& recipe, const FetchOptions& options);

}  // namespace driftcage::image
