// SPDX-License-Identifier: Apache-2.0
#include "harness/image/oci.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cerrno>

#include <nlohmann/json.hpp>

#include "harness/image/digest.h"

namespace driftcage::image {
namespace {

using nlohmann::json;

constexpr int kMaxIndexDepth = 4;
constexpr const char* kRefName = "org.opencontainers.image.ref.name";
constexpr const char* kDockerIndex =
    "application/vnd.docker.distribution.manifest.list.v2+json";
constexpr const char* kOciIndex = "application/vnd.oci.image.index.v1+json";

struct Descriptor {
  std::string digest;
  std::uint64_t size = 0;
  std::string media_type;
};

base::Result<Descriptor> descriptor_of(const json& value,
                                       const std::string& name) {
  Descriptor descriptor;
  descriptor.digest = text_at(value, "digest");
  descriptor.media_type = text_at(value, "mediaType");
  const auto size = value.is_object() ? value.find("size") : value.end();
  if (!is_digest(descriptor.digest) || size == value.end() ||
      !size->is_number_unsigned()) {
    return base::fail("read descriptor", name, EINVAL,
                      "it needs a sha256 digest and a size of 0 or more");
  }
  descriptor.size = size->get<std::uint64_t>();
  return descriptor;
}

std::string file_of(const Descriptor& descriptor) {
  return "blobs/sha256/" + hex_of(descriptor.digest);
}

base::Result<json> read_blob(const ImageFiles& files,
                             const Descriptor& descriptor) {
  const std::string bytes = DRIFTCAGE_TRY(files.read(file_of(descriptor)));
  if (bytes.size() != descriptor.size) {
    return base::fail(
        "read blob",
        fmt::format("{}: it has {} bytes, its descriptor says {}",
                    descriptor.digest, bytes.size(), descriptor.size),
        0, "the image is damaged: fetch it again");
  }
  if (digest_of(bytes) != descriptor.digest) {
    return base::fail("read blob",
                      descriptor.digest + ": the content has another digest", 0,
                      "the image is damaged: fetch it again");
  }
  return parse_object(bytes, descriptor.digest);
}

// An index lists manifests, a manifest lists layers; what does both would be
// read differently by different programs (CVE-2021-41190).
base::Status check_kind(const json& value, const std::string& name) {
  const bool index = value.contains("manifests");
  const bool manifest = value.contains("layers") || value.contains("config");
  if (index == manifest) {
    return base::fail("read manifest", name, EINVAL,
                      index ? "it claims to be an index and a manifest at once"
                            : "it is neither an index nor a manifest; images "
                              "of schema 1 are not read");
  }
  const std::string type = text_at(value, "mediaType");
  if (!type.empty() && index != (type == kOciIndex || type == kDockerIndex)) {
    return base::fail("read manifest", name, EINVAL,
                      "its media type and its content disagree");
  }
  return {};
}

bool is_attestation(const json& entry) {
  const auto notes = entry.find("annotations");
  return notes != entry.end() &&
         !text_at(*notes, "vnd.docker.reference.type").empty();
}

std::string tag_of(const json& entry) {
  const auto notes = entry.find("annotations");
  return notes == entry.end() ? "" : text_at(*notes, kRefName);
}

// "linux/arm/v7"; "" when the entry says nothing about its platform.
std::string platform_of(const json& entry) {
  const auto platform = entry.find("platform");
  if (platform == entry.end() || !platform->is_object()) return {};
  const std::string architecture = text_at(*platform, "architecture");
  const std::string variant =
      normal_variant(architecture, text_at(*platform, "variant"));
  return text_at(*platform, "os") + "/" + architecture +
         (variant.empty() ? "" : "/" + variant);
}

class LayoutReader {
 public:
  LayoutReader(const ImageFiles& files, ImageChoice choice)
      : files_(files), choice_(std::move(choice)) {}

  base::Result<ImageContent> read() {
    const std::string bytes = DRIFTCAGE_TRY(index_bytes());
    const json index = DRIFTCAGE_TRY(parse_object(bytes, "index.json"));
    return from_index(index, choice_.tag, 0);
  }

 private:
  [[nodiscard]] base::Result<std::string> index_bytes() const {
    auto bytes = files_.read("index.json");
    if (bytes) return bytes;
    return base::fail("read image", choice_.reference, bytes.error().err,
                      "an OCI layout has a file index.json");
  }

  // The entry of `index` that was asked for.
  [[nodiscard]] base::Result<json> choose(const json& index,
                                          const std::string& tag) const {
    std::vector<json> entries;
    std::vector<std::string> tags;
    std::vector<std::string> platforms;
    const std::string wanted = choice_.platform.text();
    for (const json& entry : index["manifests"]) {
      if (!entry.is_object() || is_attestation(entry)) continue;
      const std::string own_tag = tag_of(entry);
      if (!own_tag.empty()) tags.push_back(own_tag);
      if (!tag.empty() && own_tag != tag) continue;
      if (const std::string own = platform_of(entry); !own.empty())
        platforms.push_back(own);
      entries.push_back(entry);
    }
    if (entries.empty()) {
      return base::fail(
          "choose image",
          tag.empty() ? choice_.reference
                      : choice_.reference + ": no image has the tag " + tag,
          tag.empty() ? ENOENT : 0,
          tags.empty() ? "the layout names no tags"
                       : fmt::format("it has: {}", fmt::join(tags, ", ")));
    }
    if (entries.size() == 1) return entries.front();
    std::vector<json> fitting;
    for (const json& entry : entries) {
      const std::string own = platform_of(entry);
      if (own == wanted || own.starts_with(wanted + "/"))
        fitting.push_back(entry);
    }
    // Several variants of one architecture: the first is the common one.
    if (!fitting.empty() && platforms.size() == entries.size())
      return fitting.front();
    if (platforms.size() == entries.size()) {
      return base::fail(
          "choose image", choice_.reference + ": nothing for " + wanted, 0,
          fmt::format("it is for {}", fmt::join(platforms, ", ")));
    }
    return base::fail(
        "choose image", choice_.reference + ": several images", 0,
        fmt::format("add one of the tags: {}", fmt::join(tags, ", ")));
  }

  base::Result<ImageContent> from_index(const json& index,
                                        const std::string& tag, int depth) {
    if (depth > kMaxIndexDepth) {
      return base::fail("read image", choice_.reference, ELOOP,
                        "indexes are nested too deeply");
    }
    if (!index.contains("manifests") || !index["manifests"].is_array()) {
      // Some tools store the one manifest as index.json itself.
      DRIFTCAGE_CHECK_OK(check_kind(index, "index.json"));
      return from_manifest(index, {});
    }
    const json entry = DRIFTCAGE_TRY(choose(index, tag));
    choice_.variant_told |= platform_of(entry) == choice_.platform.text();
    const Descriptor descriptor =
        DRIFTCAGE_TRY(descriptor_of(entry, choice_.reference));
    const json value = DRIFTCAGE_TRY(read_blob(files_, descriptor));
    DRIFTCAGE_CHECK_OK(check_kind(value, descriptor.digest));
    if (value.contains("manifests")) return from_index(value, {}, depth + 1);
    return from_manifest(value, descriptor.digest);
  }

  base::Result<ImageContent> from_manifest(const json& manifest,
                                           const std::string& digest) {
    ImageContent content;
    content.manifest = digest;
    const auto layers = manifest.find("layers");
    const auto config = manifest.find("config");
    if (layers == manifest.end() || !layers->is_array() ||
        config == manifest.end()) {
      return base::fail("read manifest", choice_.reference, EINVAL,
                        "it has no layers or no configuration");
    }
    for (const json& value : *layers) {
      const Descriptor descriptor =
          DRIFTCAGE_TRY(descriptor_of(value, choice_.reference));
      content.layers.push_back({file_of(descriptor),
                                descriptor.digest,
                                descriptor.size,
                                descriptor.media_type,
                                {}});
    }
    const Descriptor descriptor =
        DRIFTCAGE_TRY(descriptor_of(*config, choice_.reference));
    content.config_digest = descriptor.digest;
    const json value = DRIFTCAGE_TRY(read_blob(files_, descriptor));
    DRIFTCAGE_CHECK_OK(read_image_config(value, choice_, content));
    return content;
  }

  const ImageFiles& files_;
  ImageChoice choice_;
};

}  // namespace

std::string ImageContent::chain() const {
  std::string chain;
  for (const ImageLayer& layer : layers) chain = chain_id(chain, layer.diff_id);
  // An image without layers is an empty tree.
  return chain.empty() ? digest_of("") : chain;
}

base::Result<json> parse_object(const std::string& bytes,
                                const std::string& name) {
  json value = json::parse(bytes, nullptr, /*allow_exceptions=*/false);
  if (!value.is_object())
    return base::fail("read", name + ": it is not JSON, or no object");
  return value;
}

std::string text_at(const json& object, const char* key) {
  if (!object.is_object()) return {};
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>()
                                                     : std::string();
}

std::vector<std::string> texts_at(const json& object, const char* key) {
  std::vector<std::string> texts;
  if (!object.is_object()) return texts;
  const auto found = object.find(key);
  if (found == object.end() || !found->is_array()) return texts;
  for (const json& value : *found)
    if (value.is_string()) texts.push_back(value.get<std::string>());
  return texts;
}

base::Status read_image_config(const json& config, const ImageChoice& choice,
                               ImageContent& content) {
  ImageConfig& result = content.config;
  result.os = text_at(config, "os");
  result.architecture = text_at(config, "architecture");
  if (!result.os.empty() && result.os != "linux") {
    return base::fail("use image",
                      choice.reference + ": it is for " + result.os, 0,
                      "only images for linux can be used");
  }
  if (!result.architecture.empty() &&
      result.architecture != choice.platform.architecture) {
    const bool machines =
        choice.platform.architecture == machine_architecture();
    return base::fail(
        "use image",
        fmt::format("{}: it is for {}, {} {}", choice.reference,
                    result.architecture,
                    machines ? "this machine is" : "asked for was",
                    choice.platform.architecture),
        0,
        is_runnable(result.architecture)
            ? "image pull and image import take it with --platform linux/" +
                  result.architecture
            : "its programs would fail with \"exec format error\"; choose an "
              "image for this machine");
  }
  if (!choice.platform.variant.empty() && !choice.variant_told &&
      choice.platform.variant != text_at(config, "variant")) {
    return base::fail(
        "use image",
        choice.reference + ": it is not for " + choice.platform.text(), 0,
        "it says nothing about a variant: leave that out");
  }
  const json run = config.value("config", json::object());
  for (const std::string& pair : texts_at(run, "Env")) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string::npos || equals == 0) continue;
    result.environment[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  result.user = text_at(run, "User");
  result.working_directory = text_at(run, "WorkingDir");
  result.entrypoint = texts_at(run, "Entrypoint");
  result.command = texts_at(run, "Cmd");
  const auto diff_ids =
      texts_at(config.value("rootfs", json::object()), "diff_ids");
  if (diff_ids.size() != content.layers.size()) {
    return base::fail(
        "read image",
        fmt::format("{}: {} layers, but {} diff_ids in the configuration",
                    choice.reference, content.layers.size(), diff_ids.size()));
  }
  for (std::size_t i = 0; i < diff_ids.size(); ++i) {
    if (!is_digest(diff_ids[i]))
      return base::fail("read image", choice.reference, EINVAL,
                        "a diff_id is no sha256 digest");
    content.layers[i].diff_id = diff_ids[i];
  }
  return {};
}

base::Result<ImageContent> read_oci_layout(const ImageFiles& files,
                                           const ImageChoice& choice) {
  return LayoutReader(files, choice).read();
}

}  // namespace driftcage::image
