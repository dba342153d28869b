// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "harness/image/image.h"
#include "harness/model/facts.h"

// What lies in an image, found by looking: nothing of it is run.
namespace driftcage::image {

// Every Go toolchain on PATH and in the usual places, each once, with the
// version that its VERSION file tells.
[[nodiscard]] std::vector<model::GoToolchain> find_toolchains(
    const Image& image);

// The shells that the image has, by path.
[[nodiscard]] std::vector<std::string> find_shells(const Image& image);

// The accounts of its passwd(5) file.
[[nodiscard]] std::vector<std::string> find_users(const Image& image);

}  // namespace driftcage::image
