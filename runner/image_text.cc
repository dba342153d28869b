// SPDX-License-Identifier: Apache-2.0
#include "runner/image_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

namespace driftcage::runner {
namespace {

using Json = nlohmann::ordered_json;

// Past that many, layers or packages are counted, not listed.
constexpr std::size_t kShownLayers = 12;

std::string dump(const Json& value) {
  return value.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) +
         "\n";
}

std::string short_digest(const std::string& digest) {
  return digest.substr(0, 7 + 12);  // "sha256:" and twelve digits
}

Json facts_json(const model::Facts& facts) {
  Json tools = Json::array();
  for (const model::Tool& tool : facts.tools)
    tools.push_back(
        {{"name", tool.name}, {"path", tool.path}, {"version", tool.version}});
  Json toolchains = Json::array();
  for (const model::GoToolchain& go : facts.toolchains)
    toolchains.push_back({{"goroot", go.goroot},
                          {"version", go.version},
                          {"tool_dir", go.tool_dir}});
  return {{"tools", std::move(tools)},
          {"go_toolchains", std::move(toolchains)},
          {"go_env", facts.go_env},
          {"libc", facts.libc},
          {"libc_version", facts.libc_version},
          {"loader", facts.loader},
          {"architecture", facts.architecture},
          {"shells", facts.shells},
          {"users", facts.users}};
}

std::string row(std::string_view name, const std::string& value) {
  return value.empty() ? "" : fmt::format("{:<12} {}\n", name, value);
}

std::string layers_text(const std::vector<image::ImageLayer>& layers) {
  std::string text;
  std::uint64_t size = 0;
  for (const image::ImageLayer& layer : layers) size += layer.size;
  text += row("layers",
              fmt::format("{}, {} as stored", layers.size(), size_text(size)));
  if (layers.size() > kShownLayers) return text;
  for (const image::ImageLayer& layer : layers) {
    text += fmt::format(
        "             {}  {}\n",
        short_digest(layer.digest.empty() ? layer.diff_id : layer.digest),
        layer.size == 0 ? "" : size_text(layer.size));
  }
  return text;
}

std::string facts_text(const model::Facts& facts) {
  std::string text;
  for (const model::Tool& tool : facts.tools) {
    text +=
        row(tool.name, tool.version.empty()
                           ? tool.path
                           : fmt::format("{} ({})", tool.version, tool.path));
  }
  if (facts.tool("go") == nullptr) text += row("go", "none on PATH");
  for (const model::GoToolchain& go : facts.toolchains)
    text += row("toolchain", fmt::format("go{} in {}, tools in {}", go.version,
                                         go.goroot, go.tool_dir));
  text += row("libc", facts.libc.empty() ? "none"
                                         : fmt::format("{} {}", facts.libc,
                                                       facts.libc_version));
  text += row("loader", facts.loader);
  text += row("shells", fmt::format("{}", fmt::join(facts.shells, " ")));
  text += row("users", fmt::format("{}", fmt::join(facts.users, " ")));
  return text;
}

}  // namespace

std::string size_text(std::uint64_t bytes) {
  constexpr std::array kUnits{"B", "kB", "MB", "GB", "TB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 999.95 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes)
                   : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string list_text(const std::vector<ListedImage>& images) {
  std::size_t width = 5;
  for (const ListedImage& image : images)
    width = std::max(width, image.name.size());
  std::string text =
      fmt::format("{:<{}}  {:>9}  {}\n", "IMAGE", width, "SIZE", "WHAT");
  for (const ListedImage& image : images) {
    std::string size = "-";
    if (image.stored)
      size = image.stored->unpacked ? size_text(image.stored->tree_bytes)
                                    : "fetched";
    std::string line =
        fmt::format("{:<{}}  {:>9}  {}", image.name, width, size, image.title);
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string list_json(const std::vector<ListedImage>& images) {
  Json list = Json::array();
  for (const ListedImage& image : images) {
    Json one{{"name", image.name},
             {"title", image.title},
             {"stored", image.stored.has_value()}};
    if (image.stored) {
      one["unpacked"] = image.stored->unpacked;
      one["bytes"] = image.stored->tree_bytes;
      one["entries"] = image.stored->tree_entries;
      one["blob_bytes"] = image.stored->blob_bytes;
      one["chain"] = image.stored->image.chain;
      one["manifest"] = image.stored->image.manifest;
      one["created"] = image.stored->image.created_s;
    }
    list.push_back(std::move(one));
  }
  return dump(list);
}

std::string inspect_text(const InspectedImage& inspected) {
  const image::StoredImage& image = inspected.image;
  std::string text = row("image", inspected.name);
  text += row("root", inspected.root);
  text += row("tree", image.chain);
  text += row("manifest", image.manifest);
  if (inspected.tree) {
    const auto& tree = *inspected.tree;
    text += row("size", fmt::format("{}, {} entries",
                                    size_text(tree.measure.best().bytes),
                                    tree.measure.best().entries));
  }
  if (!image.layers.empty()) text += layers_text(image.layers);
  text += row("arch", inspected.facts.architecture);
  text += row("user", image.config.user);
  text += row("workdir", image.config.working_directory);
  text += row("entrypoint",
              fmt::format("{}", fmt::join(image.config.entrypoint, " ")));
  text +=
      row("command", fmt::format("{}", fmt::join(image.config.command, " ")));
  for (const auto& [name, value] : image.config.environment)
    text += row("env", name + "=" + value);
  text += facts_text(inspected.facts);
  if (inspected.tree) {
    if (const auto kept = inspected.tree->originals.size(); kept > 0) {
      text += row("owners", fmt::format("{} entr{} other owners or modes in "
                                        "the image than here: --json lists {}",
                                        kept, kept == 1 ? "y has" : "ies have",
                                        kept == 1 ? "it" : "them"));
    }
    for (const std::string& note : inspected.tree->notes)
      text += row("note", note);
  }
  return text;
}

std::string inspect_json(const InspectedImage& inspected) {
  const image::StoredImage& image = inspected.image;
  Json layers = Json::array();
  for (const image::ImageLayer& layer : image.layers)
    layers.push_back({{"file", layer.file},
                      {"digest", layer.digest},
                      {"size", layer.size},
                      {"media_type", layer.media_type},
                      {"diff_id", layer.diff_id}});
  Json document{{"name", inspected.name},
                {"root", inspected.root},
                {"chain", image.chain},
                {"manifest", image.manifest},
                {"config",
                 {{"env", image.config.environment},
                  {"user", image.config.user},
                  {"working_directory", image.config.working_directory},
                  {"entrypoint", image.config.entrypoint},
                  {"command", image.config.command},
                  {"os", image.config.os},
                  {"architecture", image.config.architecture}}},
                {"layers", std::move(layers)},
                {"facts", facts_json(inspected.facts)}};
  if (inspected.tree) {
    document["bytes"] = inspected.tree->measure.best().bytes;
    document["entries"] = inspected.tree->measure.best().entries;
    document["notes"] = inspected.tree->notes;
    Json originals = Json::object();
    for (const auto& [path, original] : inspected.tree->originals) {
      originals[path] = {{"uid", original.uid},
                         {"gid", original.gid},
                         {"mode", fmt::format("{:04o}", original.mode)}};
    }
    document["originals"] = std::move(originals);
  }
  return dump(document);
}

std::string gc_text(const image::GcResult& result) {
  std::string text;
  for (const std::string& what : result.removed)
    text += "removed  " + what + "\n";
  for (const std::string& what : result.in_use)
    text += "in use   " + what + "\n";
  return text + fmt::format("{} freed\n", size_text(result.bytes));
}

}  // namespace driftcage::runner
