// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "harness/base/result.h"
#include "harness/base/unique_fd.h"
#include "harness/image/archive_stream.h"

namespace driftcage::image {

// The files that an image travels in: a directory (OCI layout) or the members
// of a tar archive (`docker save`, OCI archive), read where they lie.
class ImageFiles {
 public:
  // `blobs`, when not empty, is the directory that holds what the layout calls
  // "blobs"; names are resolved inside the directories.
  static base::Result<ImageFiles> open_directory(const std::string& path,
                                                 const std::string& blobs = {});
  // A packed archive is first unpacked into an unnamed file in `spool`.
  static base::Result<ImageFiles> open_archive(const std::string& path,
                                               const std::string& spool);

  [[nodiscard]] bool contains(const std::string& name) const;
  // A whole small file; EFBIG past `limit`.
  [[nodiscard]] base::Result<std::string> read(const std::string& name,
                                               std::size_t limit = 16u
                                                                   << 20) const;
  [[nodiscard]] base::Result<BlobSource> open(const std::string& name) const;

 private:
  struct Member {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    std::string link;  // old `docker save`: the name of another member
  };
  [[nodiscard]] base::Status index_archive();
  [[nodiscard]] const Member* member(const std::string& name) const;

  std::string path_;
  base::UniqueFd directory_;
  base::UniqueFd blobs_;
  std::shared_ptr<base::UniqueFd> archive_;
  std::map<std::string, Member> members_;
};

}  // namespace driftcage::image
