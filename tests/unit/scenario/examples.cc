// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/scenario/examples.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace driftcage::scenario {
namespace {

// True when a line of `part` starts with `start`.
bool has_line(std::string_view part, std::string_view start) {
  return part.starts_with(start) ||
         part.find("\n" + std::string(start)) != std::string_view::npos;
}

}  // namespace

std::string complete(std::string_view part) {
  // A head line that the example has itself, or drops, stays as an empty line.
  const std::string_view top =
      part.starts_with('[') ? "" : part.substr(0, part.find("\n["));
  const auto head = [&](std::string_view key, std::string_view line) {
    const std::string name(key);
    const bool own =
        has_line(top, name + " =") || has_line(top, "# no " + name);
    return own ? std::string("\n") : std::string(line) + "\n";
  };
  std::string text = head("schema", "schema = 1") + head("id", "id = \"a/b\"") +
                     head("title", "title = \"t\"");
  text += has_line(top, "sh =") ? "\n" : head("run", "run = [\"true\"]");
  text += part;
  if (!has_line(part, "[expect") && !has_line(part, "[[expect") &&
      !has_line(part, "# no expect")) {
    text += "\n[expect]\nexit = 1\n";
  }
  return text;
}

std::string source_path(std::string_view name) {
  return std::string(DRIFTCAGE_SOURCE_DIR) + "/" + std::string(name);
}

std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<Example> read_examples(std::string_view name) {
  std::istringstream lines(
      read_text(source_path("tests/unit/scenario/" + std::string(name))));
  std::vector<Example> examples;
  std::string* target = nullptr;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("== ")) {
      Example& example = examples.emplace_back();
      example.title = line.substr(3);
      const auto mark = example.title.find(" | parser only");
      example.parser_only = mark != std::string::npos;
      target = &example.text;
    } else if (line == "--" && target != nullptr) {
      target = &examples.back().expected;
    } else if (target != nullptr) {
      *target += line + "\n";
    }
  }
  return examples;
}

std::vector<std::string> shipped_scenarios() {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(
           source_path("scenarios"))) {
    // What others include is no scenario by itself.
    if (entry.path().extension() == ".toml" &&
        entry.path().string().find("/_") == std::string::npos) {
      paths.push_back(entry.path().string());
    }
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace driftcage::scenario
