// SPDX-License-Identifier: Apache-2.0
#include "harness/match/loader_rules.h"

#include <algorithm>
#include <array>

#include "harness/base/path.h"

namespace driftcage::match {
namespace {

// Subdirectories that glibc tries for the processor at hand.
bool is_capability(std::string_view part) {
  static constexpr std::array<std::string_view, 7> kNames{
      "glibc-hwcaps", "tls",    "haswell", "xeon_phi",
      "avx512_1",     "x86_64", "atomics"};
  return part.starts_with("x86-64-v") ||
         std::find(kNames.begin(), kNames.end(), part) != kNames.end();
}

// Whether `directory` is `root`, or what glibc makes of it for a processor.
bool is_of(std::string_view directory, std::string_view root) {
  while (root.size() > 1 && root.ends_with('/')) root.remove_suffix(1);
  if (!directory.starts_with(root)) return false;
  const auto rest = base::path::components(directory.substr(root.size()));
  return std::all_of(rest.begin(), rest.end(), is_capability);
}

bool is_in(std::string_view directory, const std::vector<std::string>& list) {
  return std::any_of(list.begin(), list.end(),
                     [directory](const std::string& root) {
                       return !root.empty() && is_of(directory, root);
                     });
}

bool is_default(std::string_view directory) {
  static const std::vector<std::string> kDefaults{"/lib/x86_64-linux-gnu",
                                                  "/usr/lib/x86_64-linux-gnu",
                                                  "/lib/aarch64-linux-gnu",
                                                  "/usr/lib/aarch64-linux-gnu",
                                                  "/lib64",
                                                  "/usr/lib64",
                                                  "/lib",
                                                  "/usr/lib",
                                                  "/usr/local/lib"};
  return is_in(directory, kDefaults);
}

// Where systems keep libraries that ldconfig(8) is told of. What lies elsewhere
// was asked for by its path, as by dlopen(3).
bool may_be_cached(std::string_view directory) {
  static constexpr std::array<std::string_view, 6> kTops{
      "/lib", "/lib32", "/lib64", "/libx32", "/usr", "/opt"};
  return std::any_of(kTops.begin(), kTops.end(), [&](std::string_view top) {
    return base::path::is_below(directory, top);
  });
}

std::vector<std::string> split(std::string_view list) {
  std::string text(list);
  // ld.so(8) takes semicolons too.
  std::replace(text.begin(), text.end(), ';', ':');
  return text.empty() ? std::vector<std::string>()
                      : base::path::split_list(text);
}

void append(std::vector<std::string>& to,
            const std::vector<std::string>& more) {
  for (const std::string& one : more) {
    if (std::find(to.begin(), to.end(), one) == to.end()) to.push_back(one);
  }
}

}  // namespace

void LoaderRules::start(const std::string* library_path,
                        const model::Event& exec) {
  *this = {};
  if (library_path != nullptr) library_path_ = split(*library_path);
  if (exec.elf) learn(*exec.elf);
}

void LoaderRules::learn(const model::ElfSearch& search) {
  if (search.runpath.empty()) {
    append(rpath_, split(search.rpath));
  } else {
    append(runpath_, split(search.runpath));
  }
}

void LoaderRules::opened(const model::Event& event) {
  if (!event.ok()) return;
  if (event.elf) learn(*event.elf);
  if (event.path == "/etc/ld.so.cache") cache_ = true;
  if (event.path.starts_with("/etc/ld-musl-")) path_file_ = true;
}

std::string_view LoaderRules::rule_of(std::string_view directory,
                                      std::string_view name, bool found,
                                      std::string_view before) const {
  if (is_in(directory, rpath_)) return "RPATH";
  if (is_in(directory, library_path_)) return "LD_LIBRARY_PATH";
  if (is_in(directory, runpath_)) return "RUNPATH";
  // A hit of the cache is opened at once; the built-in directories are tried
  // when the cache has no entry, or one whose file is gone.
  const bool library = name.starts_with("lib") || name.starts_with("ld-");
  if (cache_ && found && library && before != "default" &&
      may_be_cached(directory)) {
    return "ld.so.cache";
  }
  if (is_default(directory)) return path_file_ ? "path-file" : "default";
  return path_file_ ? "path-file" : "path";
}

}  // namespace driftcage::match
