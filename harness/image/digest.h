// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "harness/base/result.h"

namespace driftcage::image {

// SHA-256 over a stream of bytes (FIPS 180-4).
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void add(std::string_view bytes);
  // "sha256:" and 64 hexadecimal digits. Ends the use of the object.
  [[nodiscard]] std::string finish();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

// The digest of `bytes`, spelled as above.
[[nodiscard]] std::string digest_of(std::string_view bytes);

// True for "sha256:" and 64 lower-case hexadecimal digits: the only algorithm
// that registries use, and the only spelling that is safe as a file name.
[[nodiscard]] bool is_digest(std::string_view text);

// The hexadecimal digits of a digest.
[[nodiscard]] std::string hex_of(std::string_view digest);

// ChainID of the OCI image specification: names the tree that `diff_id` makes
// on top of the tree named `parent` (empty for the first layer).
[[nodiscard]] std::string chain_id(const std::string& parent,
                                   const std::string& diff_id);

// The digest of a whole file, and its size. EINTR when a signal was noted
// meanwhile (InterruptGuard).
struct FileDigest {
  std::string digest;
  std::uint64_t size = 0;
};
[[nodiscard]] base::Result<FileDigest> digest_file(const std::string& path);

}  // namespace driftcage::image
