// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "harness/image/image.h"

namespace driftcage::image {

// The part of `host` that depends on the machine: which folders of `root` are
// masked, which toolchains below them are let in, and what PATH remains.
// `root` is "/" except in tests. Fills masks, let_in and environment.
void describe_host(const std::map<std::string, std::string>& caller,
                   Image& image);

}  // namespace driftcage::image
