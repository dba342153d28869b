// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace driftcage::model {

// A place in a text file, counted from 1; columns count bytes. Line 0 means
// "not from a file".
struct SourceRange {
  std::string file;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::uint32_t length = 1;  // bytes to underline on that line
  bool operator==(const SourceRange&) const = default;
};

}  // namespace driftcage::model
