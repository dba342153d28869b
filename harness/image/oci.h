// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "harness/base/result.h"
#include "harness/image/oci_files.h"
#include "harness/image/platform.h"

namespace driftcage::image {

// What an image says about running it.
struct ImageConfig {
  std::map<std::string, std::string> environment;
  std::string user;
  std::string working_directory;
  std::vector<std::string> entrypoint;
  std::vector<std::string> command;
  std::string os;
  std::string architecture;
  bool operator==(const ImageConfig&) const = default;
};

struct ImageLayer {
  std::string file;        // among the image's files
  std::string digest;      // as stored; empty: the archive tells none
  std::uint64_t size = 0;  // as stored; 0: the archive tells none
  std::string media_type;
  std::string diff_id;  // of the decompressed layer
  bool operator==(const ImageLayer&) const = default;
};

struct ImageContent {
  std::string manifest;       // digest; empty for docker archives
  std::string config_digest;  // the same
  ImageConfig config;
  std::vector<ImageLayer> layers;

  // Names the tree that all layers together make.
  [[nodiscard]] std::string chain() const;
};

// What is wanted of files that may hold several images.
struct ImageChoice {
  std::string reference;  // for errors
  std::string tag;        // empty: the only one
  Platform platform = {};
  bool variant_told = false;  // an index says that the image is for it
};

// An OCI layout: index.json down to the layers' descriptors. Sizes and digests
// of everything read are compared; an index with several platforms yields the
// wanted one; another architecture is an error.
[[nodiscard]] base::Result<ImageContent> read_oci_layout(
    const ImageFiles& files, const ImageChoice& choice);

// A `docker save` archive, of before and after version 25.
[[nodiscard]] base::Result<ImageContent> read_docker_archive(
    const ImageFiles& files, const ImageChoice& choice);

// The parts that both have: an image configuration, with its diff_ids in the
// layers, which must be as many.
[[nodiscard]] base::Status read_image_config(const nlohmann::json& config,
                                             const ImageChoice& choice,
                                             ImageContent& content);
// Parses JSON that must be an object.
[[nodiscard]] base::Result<nlohmann::json> parse_object(
    const std::string& bytes, const std::string& name);
// The text at `key`; empty when there is none.
[[nodiscard]] std::string text_at(const nlohmann::json& object,
                                  const char* key);
// The texts of the list at `key`.
[[nodiscard]] std::vector<std::string> texts_at(const nlohmann::json& object,
                                                const char* key);

}  // namespace driftcage::image
