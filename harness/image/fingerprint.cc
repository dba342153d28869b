// SPDX-License-Identifier: Apache-2.0
#include "harness/image/fingerprint.h"

#include <array>
#include <cstdio>

#include "harness/image/root_view.h"

namespace driftcage::image {
namespace {

constexpr std::uint64_t kPrime = 0x100000001b3u;

}  // namespace

void Fingerprint::add(std::string_view item) {
  for (const char c : item) {
    hash_ = (hash_ ^ static_cast<unsigned char>(c)) * kPrime;
  }
  // No byte of UTF-8: "a" + "bc" differs from "ab" + "c".
  hash_ = (hash_ ^ 0xffu) * kPrime;
}

void Fingerprint::add_file(const std::string& root, const std::string& path) {
  add(path);
  const auto file = look_up(root, path);
  if (!file) return;
  const auto& status = file->status;
  add(file->path + ' ' + std::to_string(status.st_size) + ' ' +
      std::to_string(status.st_mtim.tv_sec) + '.' +
      std::to_string(status.st_mtim.tv_nsec));
}

std::string Fingerprint::text() const {
  std::array<char, 17> hex{};
  std::snprintf(hex.data(), hex.size(), "%016llx",
                static_cast<unsigned long long>(hash_));
  return hex.data();
}

}  // namespace driftcage::image
