// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "harness/base/result.h"
#include "harness/image/image.h"
#include "harness/model/facts.h"
#include "harness/run/launcher.h"

namespace driftcage::run {

// What is known of an image: read from its root and from programs run in a
// healthy cage over it. Go and gcc are always looked for, `tools` besides.
// Kept as JSON in `folder` under the image's identity; a later call probes
// only the tools that the file does not know.
[[nodiscard]] base::Result<model::Facts> probe_facts(
    Launcher& launcher, const image::Image& image, std::set<std::string> tools,
    const std::string& folder);

// The first version number in what a program prints about itself: "12.2.0"
// of "gcc (Debian 12.2.0-14) 12.2.0"; empty when there is none.
[[nodiscard]] std::string version_in(std::string_view text);

// PT_INTERP of an ELF program in the image's root; empty for a static one and
// for anything else.
[[nodiscard]] std::string interpreter_of(const image::Image& image,
                                         const std::string& program);

}  // namespace driftcage::run
