// SPDX-License-Identifier: Apache-2.0
#include "harness/image/stored_image.h"

#include <utility>

#include "harness/image/fingerprint.h"

namespace driftcage::image {

Image image_of(const std::string& reference, const ProvidedImage& provided) {
  Image image;
  image.reference = reference;
  image.root = provided.tree.root;
  image.environment = provided.image.config.environment;
  image.user = provided.image.config.user;
  image.working_directory = provided.image.config.working_directory;
  image.architecture = provided.image.config.architecture;
  image.lease = provided.tree.lock;
  // The tree never changes, but two images may run it with other variables.
  Fingerprint key;
  key.add(provided.tree.chain);
  for (const auto& [name, value] : image.environment)
    key.add(name + '=' + value);
  image.identity = "store-" + key.text();
  return image;
}

base::Result<Image> open_stored_image(
    const Source& source, const std::map<std::string, std::string>& environment,
    const FetchOptions& options) {
  const std::string folder = DRIFTCAGE_TRY(store_folder(environment));
  const Store store = DRIFTCAGE_TRY(Store::open(folder));
  const ProvidedImage provided =
      DRIFTCAGE_TRY(provide_image(store, source, options));
  return image_of(source.reference, provided);
}

}  // namespace driftcage::image
