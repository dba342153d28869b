// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "harness/base/result.h"
#include "harness/image/image.h"
#include "harness/image/recipe.h"
#include "harness/image/sources.h"

namespace driftcage::image {

// The recipe of a name. An error when it cannot be read, or with the nearest
// name when there is none. Reading recipes is the business of a layer above.
using FindRecipe = std::function<base::Result<Recipe>(const std::string& name)>;

struct OpenOptions {
  FetchOptions fetch;
  FindRecipe find_recipe;  // empty: no recipes are known
};

// `host`, `dir:PATH`, the name of a recipe, or a source that goes through the
// store (sources.h), which may fetch and unpack. `environment` is the caller's:
// PATH and locale of the host image, and the place of the store, come from it.
// EINTR when a signal was noted meanwhile (InterruptGuard).
[[nodiscard]] base::Result<Image> open_image(
    const std::string& reference,
    const std::map<std::string, std::string>& environment,
    const OpenOptions& options = {});

// An image of the store by its record, whatever its source is now. ENOENT when
// its tree is not there.
[[nodiscard]] base::Result<Image> open_recorded(const Store& store,
                                                const StoredImage& image);

// An image as it is in the store, made or fetched when it is not there, for
// everything but host and dir:.
[[nodiscard]] base::Result<ProvidedImage> open_stored(
    const Store& store, const std::string& reference,
    const OpenOptions& options, Warm* warm = nullptr);

}  // namespace driftcage::image
