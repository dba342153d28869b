// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace driftcage::match {

// The rules of the dynamic loader, see ld.so(8) and musl's ldso/dynlink.c:
//
//   RPATH            of an object that has no RUNPATH
//   LD_LIBRARY_PATH  or --library-path of the loader run as a program
//   RUNPATH
//   ld.so.cache      glibc's index of the directories of ld.so.conf
//   path-file        musl's /etc/ld-musl-ARCH.path
//   default          the directories that are built in
//   path             none of these: the program gave the whole path itself

// What $LIB and $PLATFORM stand for is built into each loader, and so are the
// directories and subdirectories of these names.
inline constexpr std::array<std::string_view, 8> kLibValues{
    "lib/x86_64-linux-gnu",  "lib64", "lib",    "lib/i386-linux-gnu",
    "lib/aarch64-linux-gnu", "lib32", "libx32", "lib/arm-linux-gnueabihf"};
inline constexpr std::array<std::string_view, 8> kPlatformValues{
    "x86_64", "haswell", "xeon_phi", "i686", "i586", "aarch64", "v7l", "v8l"};

// By tidy_directory(); never null. Many plans share the lists of one object.
using Directories = std::shared_ptr<const std::vector<std::string>>;

// A list of directories and the rule that it comes from.
struct LoadPlace {
  LoadPlace(std::string_view from, Directories list)
      : rule(from), directories(std::move(list)) {}
  LoadPlace(std::string_view from, std::vector<std::string> list)
      : rule(from),
        directories(
            std::make_shared<const std::vector<std::string>>(std::move(list))) {
  }

  std::string_view rule;
  Directories directories;
};

// Where one library is looked for, as far as it is known.
struct LoadPlan {
  std::vector<LoadPlace> lists;  // in the loader's order
  std::string loader_directory;  // some loaders look beside themselves
  bool library = false;          // a name that ldconfig(8) takes
  bool cache = false;            // the cache was opened by this program before
  bool path_file = false;        // so was musl's
  // An object that is loaded needs the library: it is searched for, by name.
  bool certain = false;
  // An object could not be looked into: its lists are missing.
  bool blind = false;
};

// "./B//x" as "B/x"; "." for the working directory. Keeps "..": the loader
// hands its lists to the kernel as they are written, so that is how they
// compare.
[[nodiscard]] std::string tidy_directory(std::string_view directory);

// Whether a subdirectory of this name is one that glibc tries, in each
// directory, for the processor at hand: "glibc-hwcaps", "x86-64-v3", "tls".
[[nodiscard]] bool is_capability(std::string_view part);

// How far the loader is on the way through the places for one library: it goes
// on only, and tries no directory of a place twice. What does not fit belongs
// to another search for the same name.
class LoadRoute {
 public:
  explicit LoadRoute(LoadPlan plan) : plan_(std::move(plan)) {}

  // Which rule leads to `directory`, as written in the call; nothing when this
  // search does not. `found`: a file was there; `cache`: the loader's cache was
  // opened since the last step.
  [[nodiscard]] std::optional<std::string_view> step(std::string_view directory,
                                                     bool found, bool cache);

 private:
  bool take(std::size_t place, const std::string& root, bool whole);
  [[nodiscard]] bool from_cache(const std::string& directory, bool found) const;

  LoadPlan plan_;
  std::size_t at_ = 0;           // index of the place; behind the lists the
                                 // cache, then the built-in directories
  std::set<std::string> tried_;  // of that place
  bool started_ = false;
  bool cached_ = false;      // the cache was opened for this very search
  bool whole_path_ = false;  // no search: a single file was asked for
};

}  // namespace driftcage::match
