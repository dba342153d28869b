// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace driftcage::base {

// `word` as sh(1) takes it literally: quoted where it must be.
[[nodiscard]] std::string shell_word(std::string_view word);

}  // namespace driftcage::base
