// SPDX-License-Identifier: Apache-2.0
#include "harness/image/host_image.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "harness/base/path.h"
#include "harness/image/root_view.h"

namespace driftcage::image {
namespace {

namespace path = base::path;

// Folders with private files, sockets of agents and daemons, and other
// people's work; /work, because it is the working directory of every cage. /tmp
// is not among them: each cage has its own.
constexpr std::array<const char*, 8> kMasks{
    "/home", "/root", "/run", "/mnt", "/media", "/srv", "/var/tmp", "/work"};

// How to recognise the top of a toolchain from one of its programs: `top` has
// bin/<program> and one of the marks.
struct Toolchain {
  const char* program;
  std::array<const char*, 2> marks;
};
constexpr std::array<Toolchain, 3> kToolchains{{
    {"go", {"pkg/tool", "src/runtime"}},
    {"gcc", {"lib/gcc", "libexec/gcc"}},
    {"clang", {"lib/clang", "lib64/clang"}},
}};

constexpr const char* kDefaultPath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

bool is_masked(const Image& image, const std::string& name) {
  return path::is_below(name, "/tmp") ||
         std::any_of(
             image.masks.begin(), image.masks.end(),
             [&](const auto& mask) { return path::is_below(name, mask); });
}

bool is_let_in(const Image& image, const std::string& name) {
  return std::any_of(
      image.let_in.begin(), image.let_in.end(),
      [&](const auto& tree) { return path::is_below(name, tree.at); });
}

// A home outside the usual places (/var/lib/jenkins) is private too, unless
// masking it would take away a part of the system.
void mask_home(const std::map<std::string, std::string>& caller, Image& image) {
  const auto home = caller.find("HOME");
  if (home == caller.end() || !home->second.starts_with('/')) return;
  const std::string dir = path::clean(home->second);
  if (path::components(dir).size() < 2 || is_masked(image, dir)) return;
  for (const char* system : {"/usr", "/etc", "/bin", "/sbin", "/lib", "/dev",
                             "/proc", "/sys", "/nix", "/gnu"}) {
    if (path::is_below(dir, system)) return;
  }
  image.masks.push_back(dir);
}

// The directory that holds all of the toolchain of `program`, a resolved path;
// empty when it is not laid out like one.
std::string toolchain_top(const Image& image, const Toolchain& kind,
                          const std::string& program) {
  const std::string bin(path::dir_name(program));
  if (path::base_name(bin) != "bin") return {};
  std::string top(path::dir_name(bin));
  for (const char* mark : kind.marks) {
    if (is_directory(image.root, path::absolute(top, mark))) return top;
  }
  return {};
}

// Letting in a folder that holds a whole mask or home would undo the mask.
bool too_wide(const Image& image, const std::string& top,
              const std::map<std::string, std::string>& caller) {
  const auto home = caller.find("HOME");
  if (home != caller.end() && path::is_below(path::clean(home->second), top)) {
    return true;
  }
  return std::any_of(
      image.masks.begin(), image.masks.end(),
      [&](const auto& mask) { return path::is_below(mask, top); });
}

// When `directory` of PATH offers a toolchain that lies in a masked folder,
// lets the toolchain in and returns the directories to search instead.
std::vector<std::string> let_toolchains_in(
    const std::string& directory,
    const std::map<std::string, std::string>& caller, Image& image) {
  std::vector<std::string> found;
  for (const Toolchain& kind : kToolchains) {
    const std::string name = path::absolute(directory, kind.program);
    if (!is_program(image.root, name)) continue;
    const auto program = look_up(image.root, name);
    if (!program || !is_masked(image, program->path)) continue;
    const std::string top = toolchain_top(image, kind, program->path);
    if (top.empty() || too_wide(image, top, caller)) continue;
    if (!is_let_in(image, top)) {
      image.let_in.push_back({.from = top, .at = top});
    }
    const std::string bin = path::absolute(top, "bin");
    if (std::find(found.begin(), found.end(), bin) == found.end()) {
      found.push_back(bin);
    }
  }
  return found;
}

std::string host_path(const std::map<std::string, std::string>& caller,
                      Image& image) {
  const auto value = caller.find("PATH");
  std::vector<std::string> kept;
  const auto keep = [&](const std::string& directory) {
    if (std::find(kept.begin(), kept.end(), directory) == kept.end()) {
      kept.push_back(directory);
    }
  };
  for (const std::string& entry :
       path::split_list(value == caller.end() ? kDefaultPath : value->second)) {
    // A relative entry would mean another directory in the cage.
    if (!entry.starts_with('/')) continue;
    const std::string directory = path::absolute("/", entry);
    const auto real = look_up(image.root, directory);
    if (!real || !S_ISDIR(real->status.st_mode)) continue;
    for (const std::string& bin : let_toolchains_in(directory, caller, image)) {
      keep(bin);
    }
    const bool hidden =
        is_masked(image, directory) || is_masked(image, real->path);
    if (!hidden) keep(directory);
  }
  std::string joined;
  for (const std::string& directory : kept) {
    if (!joined.empty()) joined += ':';
    joined += directory;
  }
  return joined.empty() ? kDefaultPath : joined;
}

}  // namespace

void describe_host(const std::map<std::string, std::string>& caller,
                   Image& image) {
  for (const char* mask : kMasks) {
    // A link (/var/run and friends) has its target in the list already.
    const auto there = look_up(image.root, mask);
    if (there && there->path == mask && S_ISDIR(there->status.st_mode)) {
      image.masks.emplace_back(mask);
    }
  }
  mask_home(caller, image);
  image.environment["PATH"] = host_path(caller, image);
}

}  // namespace driftcage::image
