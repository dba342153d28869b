// SPDX-License-Identifier: Apache-2.0
#include "harness/match/load_route.h"

#include <algorithm>
#include <array>

#include "harness/base/path.h"

namespace driftcage::match {

// Subdirectories that glibc tries for the processor at hand, by its platform
// and its features.
bool is_capability(std::string_view part) {
  static constexpr std::array<std::string_view, 7> kFeatures{
      "glibc-hwcaps", "tls", "avx512_1", "atomics", "sse2", "neon", "vfp"};
  const auto is_one_of = [part](const auto& names) {
    return std::find(names.begin(), names.end(), part) != names.end();
  };
  return part.starts_with("x86-64-v") || is_one_of(kFeatures) ||
         is_one_of(kPlatformValues);
}

namespace {

// Whether `directory` is `root`, or what glibc makes of it for a processor.
bool is_of(std::string_view directory, std::string_view root) {
  std::string_view rest = directory;
  if (root != ".") {
    if (!base::path::is_below(directory, root)) return false;
    rest.remove_prefix(root.size());
  } else if (directory.starts_with('/')) {
    return false;
  }
  const auto parts = base::path::components(rest);
  return std::all_of(parts.begin(), parts.end(), is_capability);
}

const std::string* root_of(std::string_view directory,
                           const std::vector<std::string>& list) {
  auto root = std::find(list.begin(), list.end(), directory);
  if (root == list.end()) {
    root = std::find_if(
        list.begin(), list.end(),
        [directory](const std::string& one) { return is_of(directory, one); });
  }
  return root == list.end() ? nullptr : &*root;
}

const std::vector<std::string>& built_in() {
  static const std::vector<std::string> kDefaults = [] {
    std::vector<std::string> all;
    for (const std::string_view lib : kLibValues) {
      for (const std::string_view top : {"/", "/usr/"})
        all.push_back(std::string(top) + std::string(lib));
    }
    all.emplace_back("/usr/local/lib");  // musl
    return all;
  }();
  return kDefaults;
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

}  // namespace

std::string tidy_directory(std::string_view directory) {
  if (directory.starts_with('/')) return base::path::absolute("/", directory);
  std::string tidy;
  for (const std::string_view part : base::path::components(directory)) {
    if (!tidy.empty()) tidy += '/';
    tidy += part;
  }
  return tidy.empty() ? "." : tidy;
}

// A directory comes after its subdirectories for processors, of which the
// loader may try one twice.
bool LoadRoute::take(std::size_t place, const std::string& root, bool whole) {
  if (place < at_) return false;
  if (place > at_) {
    tried_.clear();
    at_ = place;
  }
  if (tried_.contains(root)) return false;
  if (whole) tried_.insert(root);
  started_ = true;
  return true;
}

// A hit of the cache is opened at once; the built-in directories are tried when
// it has no entry, or one whose file is gone.
bool LoadRoute::from_cache(const std::string& directory, bool found) const {
  if (!plan_.cache && !cached_) return false;
  if (plan_.certain || cached_)
    return found || root_of(directory, built_in()) == nullptr;
  return plan_.blind && found && plan_.library && may_be_cached(directory);
}

std::optional<std::string_view> LoadRoute::step(std::string_view directory,
                                                bool found, bool cache) {
  if (whole_path_ || (cache && cached_)) return std::nullopt;
  cached_ |= cache;
  const std::string tidy = tidy_directory(directory);
  bool known = false;
  for (std::size_t i = 0; i < plan_.lists.size(); ++i) {
    const std::string* root = root_of(tidy, *plan_.lists[i].directories);
    if (root == nullptr) continue;
    known = true;
    if (take(i, *root, tidy == *root)) return plan_.lists[i].rule;
  }
  const std::size_t cache_place = plan_.lists.size();
  // The cache tells of one file only.
  if ((!started_ || at_ < cache_place) && from_cache(tidy, found) &&
      take(cache_place, tidy, true)) {
    return "ld.so.cache";
  }
  const std::string* root = root_of(tidy, built_in());
  if (root == nullptr && is_of(tidy, plan_.loader_directory))
    root = &plan_.loader_directory;
  const bool searched = plan_.certain || plan_.blind || cached_ || !plan_.cache;
  if (root != nullptr && searched) {
    known = true;
    if (take(cache_place + 1, *root, tidy == *root))
      return plan_.path_file ? "path-file" : "default";
  }
  if (known) return std::nullopt;
  // A list that is not known: of an object that could not be read, or of musl.
  const bool absolute = tidy.starts_with('/');
  if (absolute && (plan_.certain || plan_.blind)) {
    const bool whole = !is_capability(base::path::base_name(tidy));
    if (!take(at_, tidy, whole)) return std::nullopt;
    return plan_.path_file ? "path-file" : "path";
  }
  if (started_) return std::nullopt;
  whole_path_ = true;
  return "path";
}

}  // namespace driftcage::match
