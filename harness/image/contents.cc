// SPDX-License-Identifier: Apache-2.0
#include "harness/image/contents.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "harness/base/path.h"
#include "harness/base/sys.h"
#include "harness/image/oci.h"
#include "harness/image/root_view.h"

namespace driftcage::image {
namespace {

namespace path = base::path;

constexpr std::size_t kMaxText = 1u << 20;
constexpr std::size_t kMaxAccounts = 1000;

// Directories that hold toolchains side by side, and what these are called.
struct Shelf {
  const char* directory;
  const char* prefix;
};
constexpr std::array<Shelf, 5> kShelves{{{"/usr/local", "go"},
                                         {"/usr/lib", "go"},
                                         {"/opt", "go"},
                                         {"/root/sdk", "go"},
                                         {"/snap/go", ""}}};

std::string text_of(const Image& image, const std::string& name) {
  const auto file = look_up(image.root, name);
  if (!file || !S_ISREG(file->status.st_mode)) return {};
  return base::sys::read_file(path::clean(image.root + "/" + file->path),
                              kMaxText)
      .value_or(std::string());
}

// "1.19.8" of "go1.19.8\ntime …".
std::string version_of(const Image& image, const std::string& goroot) {
  const std::string text = text_of(image, path::absolute(goroot, "VERSION"));
  if (!text.starts_with("go")) return {};
  return text.substr(2, text.find_first_of(" \n") - 2);
}

void add_toolchain(const Image& image, const std::string& top,
                   std::vector<model::GoToolchain>& found) {
  const auto root = look_up(image.root, top);
  if (!root || !is_program(image.root, path::absolute(root->path, "bin/go")))
    return;
  model::GoToolchain go;
  go.goroot = root->path;
  const std::string tools = "pkg/tool/linux_" + machine_architecture();
  if (!is_directory(image.root, path::absolute(go.goroot, tools))) return;
  go.tool_dir = path::absolute(go.goroot, tools);
  go.version = version_of(image, go.goroot);
  const bool known = std::any_of(
      found.begin(), found.end(),
      [&go](const auto& other) { return other.goroot == go.goroot; });
  if (!known) found.push_back(std::move(go));
}

}  // namespace

std::vector<model::GoToolchain> find_toolchains(const Image& image) {
  std::vector<model::GoToolchain> found;
  const auto value = image.environment.find("PATH");
  if (value != image.environment.end()) {
    for (const std::string& directory : path::split_list(value->second)) {
      const auto go = look_up(image.root, path::absolute(directory, "go"));
      if (!go) continue;
      const std::string bin(path::dir_name(go->path));
      add_toolchain(image, std::string(path::dir_name(bin)), found);
    }
  }
  for (const Shelf& shelf : kShelves) {
    const auto directory = look_up(image.root, shelf.directory);
    if (!directory) continue;
    std::vector<std::string> names;
    std::error_code none;
    for (const auto& entry : std::filesystem::directory_iterator(
             path::clean(image.root + "/" + directory->path), none)) {
      std::string name = entry.path().filename().string();
      if (name.starts_with(shelf.prefix)) names.push_back(std::move(name));
    }
    std::sort(names.begin(), names.end());
    for (const std::string& name : names)
      add_toolchain(image, path::absolute(shelf.directory, name), found);
  }
  return found;
}

std::vector<std::string> find_shells(const Image& image) {
  std::vector<std::string> shells;
  for (const char* shell : {"/bin/sh", "/bin/bash", "/bin/dash", "/bin/ash",
                            "/bin/ksh", "/usr/bin/zsh", "/bin/busybox"}) {
    if (is_program(image.root, shell)) shells.emplace_back(shell);
  }
  return shells;
}

std::vector<std::string> find_users(const Image& image) {
  std::vector<std::string> users;
  const std::string text = text_of(image, "/etc/passwd");
  std::string_view rest = text;
  while (!rest.empty() && users.size() < kMaxAccounts) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos && colon > 0)
      users.emplace_back(line.substr(0, colon));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return users;
}

}  // namespace driftcage::image
