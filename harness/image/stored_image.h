// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "harness/base/result.h"
#include "harness/image/image.h"
#include "harness/image/sources.h"

namespace driftcage::image {

// Opens an image that lives in the store of `environment`'s user, fetching it
// first when the store does not have it. Its own environment, user and
// working directory become the image's.
[[nodiscard]] base::Result<Image> open_stored_image(
    const Source& source, const std::map<std::string, std::string>& environment,
    const FetchOptions& options);

// The image of a record and its tree.
[[nodiscard]] Image image_of(const std::string& reference,
                             const ProvidedImage& provided);

}  // namespace driftcage::image
