// SPDX-License-Identifier: Apache-2.0
#include "runner/image_options.h"

#include <utility>

#include "harness/base/environment.h"
#include "harness/image/interrupt.h"
#include "harness/image/root_view.h"
#include "runner/catalog.h"
#include "runner/terminal.h"

namespace driftcage::runner {

recipe::RecipeBook recipe_book() {
  return recipe::RecipeBook(find_recipes().value_or(std::string()));
}

image::OpenOptions open_options(image::Progress progress) {
  image::OpenOptions options;
  options.fetch.progress = std::move(progress);
  options.find_recipe = [](const std::string& name) {
    return recipe_book().find(name);
  };
  return options;
}

base::Result<image::Image> open_shown(
    const std::string& reference,
    const std::map<std::string, std::string>& environment) {
  const image::InterruptGuard guard;
  StatusLine line;
  return image::open_image(
      reference, environment,
      open_options([&line](image::Said said, const std::string& what) {
        if (line.enabled())
          line.show(what + " ...");
        else if (said == image::Said::Step)
          write_err(what + "\n");
      }));
}

void enter_working_directory(const image::Image& image, model::CageSpec& spec) {
  if (image.working_directory.empty() ||
      !image::is_directory(image.root, image.working_directory)) {
    return;
  }
  spec.directory = image.working_directory;
  spec.environment["PWD"] = spec.directory;
}

base::Result<image::Store> open_store() {
  const std::string folder =
      DRIFTCAGE_TRY(image::store_folder(base::environment()));
  return image::Store::open(folder);
}

}  // namespace driftcage::runner
