// SPDX-License-Identifier: Apache-2.0
#include "harness/image/store_json.h"

#include <array>
#include <utility>

namespace driftcage::image {
namespace {

using nlohmann::json;

constexpr int kSchema = 1;

constexpr std::array<std::pair<EntryType, const char*>, 8> kTypes{{
    {EntryType::File, "file"},
    {EntryType::Directory, "directory"},
    {EntryType::Symlink, "symlink"},
    {EntryType::HardLink, "hardlink"},
    {EntryType::Fifo, "fifo"},
    {EntryType::CharDevice, "char"},
    {EntryType::BlockDevice, "block"},
    {EntryType::Other, "other"},
}};

// nlohmann's accessors throw; that stops here.
template <class Value, class Read>
base::Result<Value> guarded(const std::string& bytes, const std::string& name,
                            Read read) {
  const json document = json::parse(bytes, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object() || document.value("schema", 0) != kSchema)
    return base::fail("read", name + ": it is not of this version's making");
  try {
    return read(document);
  } catch (const json::exception&) {
    return base::fail("read", name + ": it is not of this version's making");
  }
}

json size_json(const TreeSize& size) {
  return {{"entries", size.entries},
          {"bytes", size.bytes},
          {"changed_s", size.changed_s},
          {"changed_ns", size.changed_ns}};
}

TreeSize size_from(const json& from) {
  TreeSize size;
  from.at("entries").get_to(size.entries);
  from.at("bytes").get_to(size.bytes);
  from.at("changed_s").get_to(size.changed_s);
  from.at("changed_ns").get_to(size.changed_ns);
  return size;
}

}  // namespace

std::string dump(const json& value) {
  return value.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

json to_json(const StoredImage& image) {
  json layers = json::array();
  for (const ImageLayer& layer : image.layers) {
    layers.push_back({{"file", layer.file},
                      {"digest", layer.digest},
                      {"size", layer.size},
                      {"media_type", layer.media_type},
                      {"diff_id", layer.diff_id}});
  }
  return {{"schema", kSchema},
          {"reference", image.reference},
          {"source_state", image.source_state},
          {"chain", image.chain},
          {"manifest", image.manifest},
          {"config",
           {{"environment", image.config.environment},
            {"user", image.config.user},
            {"working_directory", image.config.working_directory},
            {"entrypoint", image.config.entrypoint},
            {"command", image.config.command},
            {"os", image.config.os},
            {"architecture", image.config.architecture}}},
          {"layers", std::move(layers)},
          {"blobs", image.blobs},
          {"created", image.created_s}};
}

base::Result<StoredImage> stored_image_from(const std::string& bytes,
                                            const std::string& name) {
  return guarded<StoredImage>(bytes, name, [](const json& from) {
    StoredImage image;
    from.at("reference").get_to(image.reference);
    from.at("source_state").get_to(image.source_state);
    from.at("chain").get_to(image.chain);
    from.at("manifest").get_to(image.manifest);
    const json& config = from.at("config");
    config.at("environment").get_to(image.config.environment);
    config.at("user").get_to(image.config.user);
    config.at("working_directory").get_to(image.config.working_directory);
    config.at("entrypoint").get_to(image.config.entrypoint);
    config.at("command").get_to(image.config.command);
    config.at("os").get_to(image.config.os);
    config.at("architecture").get_to(image.config.architecture);
    for (const json& value : from.at("layers")) {
      ImageLayer layer;
      value.at("file").get_to(layer.file);
      value.at("digest").get_to(layer.digest);
      value.at("size").get_to(layer.size);
      value.at("media_type").get_to(layer.media_type);
      value.at("diff_id").get_to(layer.diff_id);
      image.layers.push_back(std::move(layer));
    }
    from.at("blobs").get_to(image.blobs);
    from.at("created").get_to(image.created_s);
    return image;
  });
}

json to_json(const StoredTreeInfo& info) {
  json originals = json::object();
  for (const auto& [path, original] : info.originals) {
    const char* type = "";
    for (const auto& [value, word] : kTypes)
      if (value == original.type) type = word;
    originals[path] = {{"type", type},
                       {"uid", original.uid},
                       {"gid", original.gid},
                       {"mode", original.mode},
                       {"device", original.device}};
  }
  json document = size_json(info.measure.seen);
  if (info.measure.whole) document["whole"] = size_json(*info.measure.whole);
  document.update({{"schema", kSchema},
                   {"id_base", info.ids.base},
                   {"id_count", info.ids.count},
                   {"originals", std::move(originals)},
                   {"notes", info.notes}});
  return document;
}

base::Result<StoredTreeInfo> tree_info_from(const std::string& bytes,
                                            const std::string& name) {
  return guarded<StoredTreeInfo>(bytes, name, [](const json& from) {
    StoredTreeInfo info;
    info.measure.seen = size_from(from);
    if (from.contains("whole"))
      info.measure.whole = size_from(from.at("whole"));
    from.at("id_base").get_to(info.ids.base);
    from.at("id_count").get_to(info.ids.count);
    for (const auto& [path, value] : from.at("originals").items()) {
      Original original;
      const std::string type = value.at("type");
      for (const auto& [kind, word] : kTypes)
        if (type == word) original.type = kind;
      value.at("uid").get_to(original.uid);
      value.at("gid").get_to(original.gid);
      value.at("mode").get_to(original.mode);
      value.at("device").get_to(original.device);
      info.originals.emplace(path, original);
    }
    from.at("notes").get_to(info.notes);
    return info;
  });
}

}  // namespace driftcage::image
