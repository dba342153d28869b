// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "harness/base/result.h"
#include "harness/image/oci.h"
#include "harness/image/store.h"

namespace driftcage::image {

enum class SourceKind : unsigned char {
  Tar,            // tar:PATH: a file system, plain or packed
  OciLayout,      // oci:PATH[:TAG]
  OciArchive,     // oci-archive:PATH[:TAG]
  DockerArchive,  // docker-archive:PATH[:NAME]
  Remote,         // docker://, docker-daemon:, containers-storage:
};

// Where an image comes from, taken from what the user wrote.
struct Source {
  SourceKind kind = SourceKind::Tar;
  std::string reference;  // as written
  std::string key;        // the same with an absolute path: names the record
  std::string path;       // of a local source
  std::string tag;        // of a local source; may be empty
};

// Empty when `reference` has none of the prefixes above. Fails when it has and
// is wrong in another way. A file may be missing: its image can be known.
[[nodiscard]] base::Result<std::optional<Source>> parse_source(
    const std::string& reference);

struct FetchOptions {
  // Empty: the one that was chosen before and runs here, else the machine's
  // own.
  std::optional<Platform> platform;
  bool refresh = false;    // fetch again what the store has
  bool tls_verify = true;  // of registries
  std::string authfile;    // of skopeo; empty: where it looks itself
  int retries = 3;         // of skopeo, for failures that may pass
  UnpackBudget budget;
  std::string mirror;  // of Debian; empty: the one of the machine's own apt
  Progress progress;   // may be empty
};

struct ProvidedImage {
  StoredImage image;
  StoredTree tree;
  bool fetched = false;  // false: the store had it
};

// Brings an image into the store, unless it is there: fetches, compares sizes
// and digests, unpacks. Local sources are looked at again when their file has
// changed, remote ones only with `refresh`.
[[nodiscard]] base::Result<ProvidedImage> provide_image(
    const Store& store, const Source& source, const FetchOptions& options);

// Copies a remote image's blobs into the store with skopeo and reads what it
// is. The errors of registries get a hint each.
[[nodiscard]] base::Result<ImageContent> pull_image(
    const Store& store, const Source& source, const FetchOptions& options);

// What is known about a failed `skopeo copy` from its output: the last message
// and what to do about it.
struct PullFailure {
  std::string message;
  std::string hint;
};
[[nodiscard]] PullFailure explain_pull(const std::string& output);

}  // namespace driftcage::image
