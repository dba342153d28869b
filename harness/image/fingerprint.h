// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace driftcage::image {

// 64-bit FNV-1a over a list of items: a key for file names of caches, not a
// protection against anybody.
class Fingerprint {
 public:
  void add(std::string_view item);
  // A file of a root: its resolved place, size and time of change; the place
  // alone when it does not exist.
  void add_file(const std::string& root, const std::string& path);
  // 16 hexadecimal digits.
  [[nodiscard]] std::string text() const;

 private:
  std::uint64_t hash_ = 0xcbf29ce484222325u;
};

}  // namespace driftcage::image
