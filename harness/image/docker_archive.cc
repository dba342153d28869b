// SPDX-License-Identifier: Apache-2.0
// `docker save` writes manifest.json, which lists images with their
// configuration and layers by member name. Since version 25 the archive is an
// OCI layout too, whose members are named by digest.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cerrno>
#include <string_view>

#include <nlohmann/json.hpp>

#include "harness/image/digest.h"
#include "harness/image/oci.h"

namespace driftcage::image {
namespace {

using nlohmann::json;

// The digest that a member's name promises, or empty.
std::string digest_in_name(std::string_view name) {
  constexpr std::string_view kBlobs = "blobs/sha256/";
  if (!name.starts_with(kBlobs)) return {};
  name.remove_prefix(kBlobs.size());
  std::string digest = "sha256:" + std::string(name);
  return is_digest(digest) ? digest : std::string();
}

bool has_tag(const json& entry, const std::string& tag) {
  for (const std::string& own : texts_at(entry, "RepoTags")) {
    // "name:tag" or, as people say it, "name" for "name:latest".
    if (own == tag || own == tag + ":latest" || own.ends_with("/" + tag))
      return true;
  }
  return false;
}

base::Result<json> choose(const json& list, const ImageChoice& choice) {
  std::vector<std::string> tags;
  std::vector<json> fitting;
  for (const json& entry : list) {
    if (!entry.is_object()) continue;
    for (std::string& tag : texts_at(entry, "RepoTags"))
      tags.push_back(std::move(tag));
    if (choice.tag.empty() || has_tag(entry, choice.tag))
      fitting.push_back(entry);
  }
  if (fitting.size() == 1) return fitting.front();
  return base::fail("choose image",
                    fitting.empty() ? fmt::format("{}: no image has the tag {}",
                                                  choice.reference, choice.tag)
                                    : choice.reference + ": several images",
                    0, fmt::format("it has: {}", fmt::join(tags, ", ")));
}

}  // namespace

base::Result<ImageContent> read_docker_archive(const ImageFiles& files,
                                               const ImageChoice& choice) {
  if (!files.contains("manifest.json")) {
    if (files.contains("index.json")) return read_oci_layout(files, choice);
    return base::fail("read image", choice.reference, EINVAL,
                      "it has neither manifest.json nor index.json: is it a "
                      "file system? then use tar:PATH");
  }
  const std::string bytes = DRIFTCAGE_TRY(files.read("manifest.json"));
  const json list = json::parse(bytes, nullptr, /*allow_exceptions=*/false);
  if (!list.is_array())
    return base::fail("read", choice.reference + ": manifest.json is no list");
  const json entry = DRIFTCAGE_TRY(choose(list, choice));
  ImageContent content;
  for (std::string& file : texts_at(entry, "Layers")) {
    ImageLayer layer;
    layer.digest = digest_in_name(file);
    layer.file = std::move(file);
    content.layers.push_back(std::move(layer));
  }
  const std::string config_file = text_at(entry, "Config");
  const std::string config_bytes = DRIFTCAGE_TRY(files.read(config_file));
  const std::string promised = digest_in_name(config_file);
  if (!promised.empty() && digest_of(config_bytes) != promised) {
    return base::fail("read image",
                      choice.reference + ": " + config_file +
                          ": the content has another digest",
                      0, "the archive is damaged: save it again");
  }
  const json config = DRIFTCAGE_TRY(parse_object(config_bytes, config_file));
  DRIFTCAGE_CHECK_OK(read_image_config(config, choice, content));
  return content;
}

}  // namespace driftcage::image
