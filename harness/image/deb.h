// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "harness/base/result.h"
#include "harness/image/archive_stream.h"

namespace driftcage::image {

// The archive with the files of a Debian package (deb(5): an ar archive whose
// member data.tar.* is that), read where it lies.
[[nodiscard]] base::Result<BlobSource> open_package(const std::string& path);

// Its control file (deb-control(5)), ending with a line end.
[[nodiscard]] base::Result<std::string> package_control(
    const std::string& path);

}  // namespace driftcage::image
