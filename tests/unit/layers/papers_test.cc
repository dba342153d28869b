// SPDX-License-Identifier: Apache-2.0
// Papers that name files go stale silently; this test makes it loud.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cctype>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Text between backquotes that looks like a path of the project: it has a
// slash or a suffix, and no blanks, globs or placeholders. Fenced blocks are
// screens and commands, not names.
std::vector<std::string> paths_in(const std::string& markdown) {
  std::vector<std::string> paths;
  std::istringstream lines(markdown);
  bool fenced = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("```")) fenced = !fenced;
    if (fenced) continue;
    std::size_t at = line.find('`');
    while (at != std::string::npos) {
      const std::size_t end = line.find('`', at + 1);
      if (end == std::string::npos) break;
      std::string name = line.substr(at + 1, end - at - 1);
      at = line.find('`', end + 1);
      const bool plain =
          name.find_first_of(" *<>|=$~:…{}()[]") == std::string::npos;
      for (const char* top :
           {"harness/", "runner/", "tests/", "scenarios/", "docs/", "cmake/"})
        if (plain && name.starts_with(top)) paths.push_back(name);
    }
  }
  return paths;
}

std::string read(const fs::path& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

TEST(Papers, PathsAreTakenFromProseOnly) {
  EXPECT_THAT(paths_in("see `harness/base/path.h` and `run`, `tests/*`\n"
                       "```\n`docs/x.md`\n```\n`docs/y.md`\n"),
              ElementsAre("harness/base/path.h", "docs/y.md"));
}

TEST(Papers, EveryPathExists) {
  const fs::path root = DRIFTCAGE_SOURCE_DIR;
  std::vector<std::string> missing;
  for (const char* paper :
       {"README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md",
        "docs/errno.md", "docs/glossary.md", "docs/tracing.md"}) {
    const std::string text = read(root / paper);
    EXPECT_FALSE(text.empty()) << paper << " is missing";
    for (const std::string& path : paths_in(text))
      if (!fs::exists(root / path)) missing.push_back(paper + (": " + path));
  }
  EXPECT_THAT(missing, IsEmpty());
}

TEST(Papers, TheArchitectureNamesEveryFolder) {
  const fs::path root = DRIFTCAGE_SOURCE_DIR;
  const std::string text = read(root / "ARCHITECTURE.md");
  std::vector<std::string> unnamed;
  for (const auto& entry : fs::directory_iterator(root / "harness")) {
    if (!entry.is_directory()) continue;
    const std::string name = "harness/" + entry.path().filename().string();
    if (text.find(name + "/") == std::string::npos) unnamed.push_back(name);
  }
  EXPECT_THAT(unnamed, IsEmpty());
}

}  // namespace
