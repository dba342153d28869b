// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <utility>

#include "harness/base/result.h"
#include "harness/scenario/reader.h"
#include "harness/scenario/text_format.h"

namespace driftcage::scenario {
namespace {

std::optional<std::uint64_t> size_of(const Node& table, std::string_view key) {
  const Node* node = table.get(key, Kind::Text);
  return node == nullptr ? std::nullopt : size_bytes(node->text);
}

std::optional<std::uint64_t> number_of(const Node& table,
                                       std::string_view key) {
  const Node* node = table.get(key, Kind::Integer);
  if (node == nullptr || node->integer < 0) return std::nullopt;
  return static_cast<std::uint64_t>(node->integer);
}

// The word's place in the list, as a value of the enumeration.
template <class Enum>
std::optional<Enum> word_of(
    const Node& table, std::string_view key,
    std::initializer_list<std::pair<std::string_view, Enum>> words) {
  const Node* node = table.get(key, Kind::Text);
  if (node == nullptr) return std::nullopt;
  for (const auto& [word, value] : words) {
    if (node->text == word) return value;
  }
  return std::nullopt;
}

void read_path(const Node& table, PathChange* path) {
  path->drop = texts_of(table, "drop");
  path->prepend = texts_of(table, "prepend");
  path->remove = texts_of(table, "remove");
  if (const Node* set = table.get("set", Kind::Text)) path->set = set->text;
}

FileChange read_file(const Entry& entry, Mistakes* mistakes) {
  const Node& value = entry.value;
  FileChange file;
  file.path = entry.name;
  if (value.kind == Kind::Text) file.text = value.text;
  if (const Node* text = value.get("text", Kind::Text)) file.text = text->text;
  if (const Node* bytes = value.get("base64", Kind::Text)) {
    file.text = base64_bytes(bytes->text).value_or("");
  }
  if (const Node* link = value.get("symlink", Kind::Text)) {
    file.symlink = link->text;
  }
  if (const Node* mode = value.get("mode", Kind::Text)) {
    file.mode = octal(mode->text);
    if (file.symlink) {
      mistakes->add(mode->at, "a symbolic link has no mode of its own");
    }
  }
  return file;
}

void read_corrupt(const Node& table, std::vector<model::op::Corrupt>* out) {
  for (const Entry& entry : table.entries) {
    out->push_back({entry.name, number_of(entry.value, "offset").value_or(0),
                    number_of(entry.value, "length").value_or(1)});
  }
}

void read_mount(std::string at, const Node& value,
                std::vector<MountChange>* mounts, Mistakes* mistakes) {
  MountChange mount;
  mount.at = std::move(at);
  mount.size = size_of(value, "size");
  mount.inodes = number_of(value, "inodes");
  mount.noexec = flag_of(value, "noexec");
  mount.read_only = flag_of(value, "ro");
  mount.tmpfs = flag_of(value, "tmpfs") || mount.size || mount.inodes;
  if (const Node* from = value.get("from", Kind::Table)) {
    mount.from_image = text_of(*from, "image");
    mount.from_path = text_of(*from, "path");
    if (mount.tmpfs) {
      mistakes->add(from->at, "a tmpfs is empty: it has no tree to come from");
    }
  } else if (value.entries.size() > (value.find("at") == nullptr ? 0 : 1) &&
             value.kind == Kind::Table && !mount.tmpfs && !mount.noexec &&
             !mount.read_only && value.find("size") == nullptr) {
    mistakes->add(value.at, "the mount changes nothing");
  }
  mounts->push_back(std::move(mount));
}

void read_limits(const Node& table, model::Limits* limits) {
  limits->nofile = number_of(table, "nofile");
  limits->nproc = number_of(table, "nproc");
  limits->fsize = size_of(table, "fsize");
  limits->data = size_of(table, "data");
  limits->as = size_of(table, "as");
  limits->stack = size_of(table, "stack");
  limits->cpu = number_of(table, "cpu");
  limits->core = size_of(table, "core");
}

}  // namespace

void read_env(const Node& table, EnvChange* env) {
  for (const Entry& entry : table.entries) {
    if (entry.value.kind == Kind::Text) {
      (*env)[entry.name] = entry.value.text;
    } else {
      (*env)[entry.name] = std::nullopt;
    }
  }
}

void read_effects(const Node& table, Effects* effects, Mistakes* mistakes) {
  const auto sub_table = [&](std::string_view key) {
    return table.get(key, Kind::Table);
  };
  if (const Node* env = sub_table("env")) read_env(*env, &effects->env);
  if (const Node* path = sub_table("path")) read_path(*path, &effects->path);
  effects->hide = texts_of(table, "hide");
  if (const Node* files = sub_table("files")) {
    for (const Entry& entry : files->entries) {
      effects->files.push_back(read_file(entry, mistakes));
    }
  }
  if (const Node* modes = sub_table("chmod")) {
    for (const Entry& entry : modes->entries) {
      effects->chmod[entry.name] = octal(entry.value.text).value_or(0);
    }
  }
  if (const Node* sizes = sub_table("truncate")) {
    for (const Entry& entry : sizes->entries) {
      effects->truncate[entry.name] = size_bytes(entry.value.text).value_or(0);
    }
  }
  if (const Node* corrupt = sub_table("corrupt")) {
    read_corrupt(*corrupt, &effects->corrupt);
  }
  if (const Node* mounts = sub_table("mount")) {
    for (const Entry& entry : mounts->entries) {
      read_mount(entry.name, entry.value, &effects->mounts, mistakes);
    }
  } else if (const Node* list = table.get("mount", Kind::Array)) {
    for (const Node& item : list->items) {
      read_mount(text_of(item, "at"), item, &effects->mounts, mistakes);
    }
  }
  if (const Node* limits = sub_table("limit")) {
    read_limits(*limits, &effects->limits);
  }
  if (const Node* user = table.get("user", Kind::Text)) {
    effects->user = user->text;
  }
  if (const Node* mask = table.get("umask", Kind::Text)) {
    effects->umask = octal(mask->text);
  }
  effects->net =
      word_of<model::Network>(table, "net",
                              {{"none", model::Network::None},
                               {"loopback", model::Network::Loopback},
                               {"host", model::Network::Host}});
  effects->proc = word_of<model::ProcView>(
      table, "proc",
      {{"none", model::ProcView::None}, {"fresh", model::ProcView::Fresh}});
  if (const Node* dev = sub_table("dev")) {
    effects->drop_devices = texts_of(*dev, "drop");
  }
  if (const Node* clock = table.get("clock", Kind::Text)) {
    effects->clock_offset_s = shift_seconds(clock->text);
  }
  effects->cache = word_of<CacheState>(table, "cache",
                                       {{"cold", CacheState::Cold},
                                        {"warm", CacheState::Warm},
                                        {"pristine", CacheState::Pristine}});
  if (const Entry* setup = table.find("setup")) {
    effects->setup = setup->value.kind == Kind::Table
                         ? read_run(setup->value, mistakes)
                         : read_commands(setup->value, mistakes);
  }
  if (const Node* list = table.get("inject", Kind::Array)) {
    for (const Node& item : list->items) {
      effects->inject.push_back({text_of(item, "call"), text_of(item, "path"),
                                 base::errno_number(text_of(item, "errno"))});
    }
  }
}

bool Effects::empty() const {
  return env.empty() && path == PathChange{} && hide.empty() && files.empty() &&
         chmod.empty() && truncate.empty() && corrupt.empty() &&
         mounts.empty() && limits == model::Limits{} && !user && !umask &&
         !net && !proc && drop_devices.empty() && !clock_offset_s && !cache &&
         setup.empty() && inject.empty();
}

}  // namespace driftcage::scenario
