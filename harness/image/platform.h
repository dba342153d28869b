// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "harness/base/result.h"

namespace driftcage::image {

// The machine's architecture in Go's spelling, which images use: "amd64".
[[nodiscard]] std::string machine_architecture();

// Whether a program for `architecture` may run here: the machine's own, or the
// 32-bit one of its processor.
[[nodiscard]] bool is_runnable(const std::string& architecture);

// `variant`, or "" where it is what every processor of the architecture is:
// amd64/v1, arm64/v8.
[[nodiscard]] std::string normal_variant(const std::string& architecture,
                                         const std::string& variant);

// What an image is for, beside linux (OCI image-spec, image-index.md).
struct Platform {
  std::string architecture = machine_architecture();
  std::string variant;  // "v7" of arm; empty: the image's first

  // "linux/arm/v7"
  [[nodiscard]] std::string text() const;
  bool operator==(const Platform&) const = default;
};

// Reads [linux/]ARCH[/VARIANT]. Fails for another system, and for what does not
// run here.
[[nodiscard]] base::Result<Platform> parse_platform(const std::string& text);

}  // namespace driftcage::image
