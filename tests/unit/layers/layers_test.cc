// SPDX-License-Identifier: Apache-2.0
// The linker stops a library from calling upwards; an include of a header that
// needs no linking slips past it, and so does a library that is not allowed
// here. This test reads the includes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// From the bottom up, as cmake/DriftcageTargets.cmake has them, and the runner.
std::vector<std::string> layers() {
  std::vector<std::string> names;
  std::istringstream list(DRIFTCAGE_LAYERS ",runner");
  for (std::string name; std::getline(list, name, ',');) names.push_back(name);
  return names;
}

std::ptrdiff_t rank(const std::string& layer) {
  static const std::vector<std::string> all = layers();
  const auto at = std::find(all.begin(), all.end(), layer);
  return at == all.end() ? -1 : at - all.begin();
}

// What a third-party include starts with, and the folders that may have it.
// The helper executable and all below it stay small: none of these.
const std::map<std::string, std::vector<std::string>>& homes() {
  static const std::map<std::string, std::vector<std::string>> table{
      {"boost/", {"run"}},
      {"toml++/", {"scenario"}},
      {"CLI/", {"runner"}},
      {"fmt/",
       {"image", "scenario", "recipe", "plan", "match", "run", "report",
        "learn", "mine", "runner"}},
      {"nlohmann/",
       {"image", "scenario", "plan", "match", "run", "report", "learn", "mine",
        "runner"}},
      {"re2/", {"scenario", "plan", "match", "run", "report", "mine"}},
      {"archive.h", {"image"}},
      {"openssl/", {"image"}},
      {"seccomp.h", {"trace"}},
  };
  return table;
}

// The layer of a file: "trace" for harness/trace/x.cc, "runner" for runner/y.h.
std::string layer_of(const std::string& path) {
  if (path.starts_with("runner/")) return "runner";
  const std::string prefix = "harness/";
  if (!path.starts_with(prefix)) return {};
  return path.substr(prefix.size(),
                     path.find('/', prefix.size()) - prefix.size());
}

// Every include of `text`, the file `path`, that the rules forbid.
std::vector<std::string> violations(const std::string& path,
                                    const std::string& text) {
  std::vector<std::string> found;
  const std::string own = layer_of(path);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("#include")) continue;
    const std::size_t open = line.find_first_of("<\"");
    const std::size_t close = line.find_first_of(">\"", open + 1);
    if (open == std::string::npos || close == std::string::npos) continue;
    const std::string name = line.substr(open + 1, close - open - 1);
    const std::string other = layer_of(name);
    if (!other.empty() && rank(other) > rank(own))
      found.push_back(path + ": " + name + " lies above it");
    if (line[open] == '"' && other.empty())
      found.push_back(path + ": " + name + " is not named from the root");
    for (const auto& [prefix, allowed] : homes()) {
      if (name.starts_with(prefix) &&
          std::find(allowed.begin(), allowed.end(), own) == allowed.end())
        found.push_back(path + ": " + name + " does not belong here");
    }
  }
  return found;
}

TEST(Layers, AnIncludeUpwardsIsFound) {
  EXPECT_THAT(
      violations("harness/base/x.cc", "#include \"harness/model/event.h\"\n"),
      ElementsAre("harness/base/x.cc: harness/model/event.h lies above "
                  "it"));
  EXPECT_THAT(violations("harness/report/x.h", "#include \"runner/cli.h\"\n"),
              ElementsAre("harness/report/x.h: runner/cli.h lies above it"));
}

TEST(Layers, AnIncludeDownwardsOrInsideIsFine) {
  EXPECT_THAT(violations("harness/model/x.cc",
                         "#include \"harness/model/event.h\"\n"
                         "#include \"harness/base/result.h\"\n"
                         "#include <vector>\n"),
              IsEmpty());
}

TEST(Layers, ALibraryOutsideItsFolderIsFound) {
  EXPECT_THAT(
      violations("harness/cell/x.cc", "#include <boost/asio.hpp>\n"),
      ElementsAre("harness/cell/x.cc: boost/asio.hpp does not belong here"));
  EXPECT_THAT(violations("harness/plan/x.cc", "#include <toml++/toml.h>\n"),
              ElementsAre("harness/plan/x.cc: toml++/toml.h does not belong "
                          "here"));
  EXPECT_THAT(violations("harness/run/x.cc", "#include <boost/asio.hpp>\n"),
              IsEmpty());
}

TEST(Layers, AnIncludeByBareNameIsFound) {
  EXPECT_THAT(violations("runner/x.cc", "#include \"cli.h\"\n"),
              ElementsAre("runner/x.cc: cli.h is not named from the root"));
}

TEST(Layers, TheTreeKeepsTheRules) {
  std::vector<std::string> found;
  std::size_t files = 0;
  for (const char* top : {"harness", "runner"}) {
    const fs::path root = DRIFTCAGE_SOURCE_DIR;
    for (const auto& entry : fs::recursive_directory_iterator(root / top)) {
      const std::string extension = entry.path().extension().string();
      if (extension != ".h" && extension != ".cc") continue;
      ++files;
      std::ifstream in(entry.path());
      std::ostringstream text;
      text << in.rdbuf();
      const std::string path = entry.path().lexically_relative(root).string();
      EXPECT_GE(rank(layer_of(path)), 0) << path << " is in no layer";
      for (std::string& violation : violations(path, text.str()))
        found.push_back(std::move(violation));
    }
  }
  EXPECT_THAT(found, IsEmpty());
  EXPECT_GT(files, 50u) << "the sources were not found";
}

}  // namespace
