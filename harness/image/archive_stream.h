// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "harness/base/result.h"
#include "harness/base/unique_fd.h"

namespace driftcage::image {

// Where the bytes of a blob come from: a whole file or pipe, or a part of a
// file (a member of an archive).
struct BlobSource {
  std::string name;  // for errors: a digest or a path
  std::shared_ptr<base::UniqueFd> fd;
  std::optional<std::uint64_t> offset;  // empty: read(2) from where it stands
  std::uint64_t size = 0;               // of the part; only with an offset
};

// Opens a whole file.
[[nodiscard]] base::Result<BlobSource> open_blob(const std::string& path);

// What a stream turned out to be, known at its end.
struct StreamSummary {
  std::string blob_digest;  // of the bytes as stored
  std::uint64_t blob_size = 0;
  std::string content_digest;  // of the decompressed bytes: the DiffID
  std::uint64_t content_size = 0;
};

// How much a stream may hold before it is refused.
struct StreamLimits {
  std::uint64_t bytes = 64ull << 30;  // decompressed
  // Decompressed bytes per stored byte, watched once `ratio_from` bytes came
  // out: a short run of zeros is no attack.
  std::uint64_t ratio = 400;
  std::uint64_t ratio_from = 1ull << 30;
};

// Decompresses gzip, xz and zstd (and passes anything else through) in a
// thread of its own, while the caller works on what came before. Digests of
// both sides are made on the way.
class BlobStream {
 public:
  BlobStream(BlobSource source, const StreamLimits& limits);
  ~BlobStream();  // stops the thread, wherever it is
  BlobStream(const BlobStream&) = delete;
  BlobStream& operator=(const BlobStream&) = delete;

  // The next piece, valid until the next call; empty at the end. Fails with
  // what read(2) or the decoder said, EFBIG when a limit is passed.
  [[nodiscard]] base::Result<std::string_view> next();
  // Reads what is left, behind the end of the archive too.
  [[nodiscard]] base::Result<StreamSummary> finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace driftcage::image
