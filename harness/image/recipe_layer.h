// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/image/archive_stream.h"
#include "harness/image/recipe.h"

namespace driftcage::image {

// A merged /usr (/bin -> usr/bin and so on), as every Debian system has it: an
// archive that is unpacked before the packages.
[[nodiscard]] base::Result<BlobSource> merged_usr_layer();

// What comes after the packages, for the root directory that they lie in: the
// recipe's links and files, and, for a system with a base, what maintainer
// scripts would have made and what dpkg(1) would know: that the packages with
// these control files are installed.
[[nodiscard]] base::Result<BlobSource> finishing_layer(
    const Recipe& recipe, const std::string& root,
    const std::vector<std::string>& controls);

}  // namespace driftcage::image
