// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

namespace driftcage::image {

// Commands that run once per image in a healthy cage, in $WORK with `files`.
// What they leave in the build cache becomes a read-only layer of every leg.
struct Warm {
  std::map<std::string, std::string> files;  // by path below $WORK
  std::vector<std::vector<std::string>> commands;
  [[nodiscard]] bool empty() const { return commands.empty(); }
  bool operator==(const Warm&) const = default;
};

// A symbolic link. With `when_free` it is made only when its target is there
// and nothing has its name.
struct RecipeLink {
  std::string at;
  std::string to;
  bool when_free = false;
  bool operator==(const RecipeLink&) const = default;
};

// How an image is made: of Debian packages, or by pulling one.
struct Recipe {
  std::string name;    // "bookworm-go1.19", of its file
  std::string title;   // for people
  std::string source;  // the whole text: another text is another image

  std::string pull;  // reference of another image; empty: of packages

  std::vector<std::string> suites;  // of Debian
  std::vector<std::string> packages;
  bool base = true;          // the packages that every Debian system has
  bool dependencies = true;  // the packages that packages depend on
  std::vector<RecipeLink> links;
  std::map<std::string, std::string> files;  // by absolute path

  std::map<std::string, std::string> environment;
  std::string user;
  std::string working_directory;
  Warm warm;
};

}  // namespace driftcage::image
