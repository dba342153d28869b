// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/image/archive_stream.h"
#include "harness/image/unpack_attributes.h"

namespace driftcage::image {

// How much an image may hold before it is refused.
struct UnpackBudget {
  StreamLimits stream;  // of each layer; bytes count for them all
  std::uint64_t entries = 4'000'000;
  std::uint64_t depth = 200;  // components of a name
  std::uint64_t path_length = 4095;
  std::uint64_t attribute_bytes = 64u << 10;  // extended ones of an entry
};

struct UnpackOptions {
  IdShift ids;
  UnpackBudget budget;
  // A directory entry where a link to a directory stands leaves the link, as
  // dpkg does it; layers of images replace it.
  bool keep_directory_links = false;
  bool use_openat2 = true;  // false in tests only
  // Called now and then with the bytes unpacked since the last call.
  std::function<void(std::uint64_t)> progress;
};

struct UnpackResult {
  // By path in the tree: what its file system could not hold.
  std::map<std::string, Original> originals;
  std::vector<std::string> notes;
};

// Unpacks layers into a directory, one over the other. Archives are taken for
// hostile: every name is resolved inside the root, and what is refused is
// refused with the name of the entry. After an error the tree is half done and
// must be thrown away.
class Unpacker {
 public:
  // `root` is an empty directory of the caller's. Nobody else may write there.
  static base::Result<Unpacker> open(const std::string& root,
                                     UnpackOptions options);
  Unpacker(Unpacker&&) noexcept;
  Unpacker& operator=(Unpacker&&) noexcept;
  ~Unpacker();

  // Applies one layer and tells what it was. Whoever knows digests compares
  // them then.
  [[nodiscard]] base::Result<StreamSummary> add_layer(BlobSource source);
  // Gives directories their modes, owners and times, the deepest first: a
  // closed directory could not be filled.
  [[nodiscard]] base::Result<UnpackResult> finish();

 private:
  struct State;
  explicit Unpacker(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// The ids that files below `directory` are to get: shifted into the cages'
// range when the caller is root and may give files away, else all his own.
[[nodiscard]] IdShift usual_ids(const std::string& directory);

}  // namespace driftcage::image
