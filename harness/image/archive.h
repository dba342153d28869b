// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/base/result.h"
#include "harness/image/archive_stream.h"

namespace driftcage::image {

enum class EntryType : std::uint8_t {
  File,
  Directory,
  Symlink,
  HardLink,
  Fifo,
  CharDevice,
  BlockDevice,
  Other,
};

// One member of an archive, exactly as written there: nothing in it may be
// trusted.
struct Entry {
  EntryType type = EntryType::File;
  std::string path;
  std::string link;        // target of a symbolic or hard link
  std::uint32_t mode = 0;  // permission bits with setuid, setgid and sticky
  std::uint64_t uid = 0;
  std::uint64_t gid = 0;
  std::uint64_t size = 0;
  std::int64_t mtime_s = 0;
  std::uint32_t mtime_ns = 0;
  std::uint64_t device = 0;  // dev_t of a device
  std::vector<std::pair<std::string, std::string>> attributes;  // extended
};

// A piece of a member's content. Holes of sparse members lie between pieces.
struct Content {
  std::uint64_t offset = 0;
  std::string_view bytes;
  bool end = false;
};

// Reads a tar archive (ustar, pax, GNU, with sparse members). No other format
// is ever tried: what libarchive reads beyond tar has a history of holes.
class ArchiveReader {
 public:
  // `stream` must outlive the reader; `name` is for errors.
  static base::Result<ArchiveReader> open(BlobStream& stream,
                                          const std::string& name);
  ArchiveReader(ArchiveReader&&) noexcept;
  ArchiveReader& operator=(ArchiveReader&&) noexcept;
  ~ArchiveReader();

  // Moves to the next member; false at the end of the archive.
  [[nodiscard]] base::Result<bool> next(Entry& entry);
  // The next piece of the current member's content, valid until the next call.
  [[nodiscard]] base::Result<Content> content();

 private:
  struct State;
  explicit ArchiveReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace driftcage::image
