// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <string>

#include "harness/base/result.h"
#include "harness/image/image.h"
#include "harness/image/open.h"
#include "harness/image/progress.h"
#include "harness/image/store.h"
#include "harness/model/cage_spec.h"
#include "harness/recipe/recipe_book.h"

// What every command that opens images has in common.
namespace driftcage::runner {

// The shipped recipes, or those of the project at hand; an empty book when
// there is no folder of them.
[[nodiscard]] recipe::RecipeBook recipe_book();

// How images are opened: recipes by name from recipe_book().
[[nodiscard]] image::OpenOptions open_options(image::Progress progress = {});

// image::open_image() with what it does shown on standard error. EINTR with the
// name of a signal that came meanwhile; nothing is left half done then.
[[nodiscard]] base::Result<image::Image> open_shown(
    const std::string& reference,
    const std::map<std::string, std::string>& environment);

// Lets the payload start where the image says, if it says so and the directory
// is there: for commands that no scenario gives a place.
void enter_working_directory(const image::Image& image, model::CageSpec& spec);

// The caller's image store.
[[nodiscard]] base::Result<image::Store> open_store();

}  // namespace driftcage::runner
