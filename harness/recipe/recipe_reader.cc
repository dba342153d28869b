// SPDX-License-Identifier: Apache-2.0
#include "harness/recipe/recipe_reader.h"

#include "harness/recipe/recipe_format.h"
#include "harness/scenario/checker.h"
#include "harness/scenario/document.h"
#include "harness/scenario/reader.h"

namespace driftcage::recipe {
namespace {

using scenario::Entry;
using scenario::Kind;
using scenario::Node;
using scenario::text_of;
using scenario::texts_of;

std::map<std::string, std::string> pairs_of(const Node& table,
                                            std::string_view key) {
  std::map<std::string, std::string> pairs;
  if (const Node* node = table.get(key, Kind::Table)) {
    for (const Entry& entry : node->entries)
      pairs[entry.name] = entry.value.text;
  }
  return pairs;
}

// A flag that is true unless the file says otherwise.
bool unless_false(const Node& table, std::string_view key) {
  const Node* node = table.get(key, Kind::Boolean);
  return node == nullptr || node->boolean;
}

image::Recipe read(const Node& root, scenario::Mistakes* mistakes) {
  image::Recipe recipe;
  recipe.title = text_of(root, "title");
  recipe.pull = text_of(root, "pull");
  if (const Node* debian = root.get("debian", Kind::Table)) {
    recipe.suites = texts_of(*debian, "suites");
    recipe.packages = texts_of(*debian, "packages");
    recipe.base = unless_false(*debian, "base");
    recipe.dependencies = unless_false(*debian, "dependencies");
  }
  if (const Node* links = root.get("link", Kind::Array)) {
    for (const Node& link : links->items) {
      for (std::string& at : texts_of(link, "at"))
        recipe.links.push_back({std::move(at), text_of(link, "to"), false});
    }
  }
  recipe.files = pairs_of(root, "files");
  recipe.environment = pairs_of(root, "env");
  recipe.user = text_of(root, "user");
  recipe.working_directory = text_of(root, "workdir");
  if (const Node* warm = root.get("warm", Kind::Table)) {
    recipe.warm.files = pairs_of(*warm, "files");
    recipe.warm.commands = scenario::read_run(*warm, mistakes);
  }
  for (const char* key : {"link", "files"}) {
    const Entry* entry = root.find(key);
    if (entry == nullptr || recipe.pull.empty()) continue;
    mistakes->add(entry->at, "an image that is pulled stays as it is",
                  "only env, user, workdir and warm go with pull");
  }
  return recipe;
}

}  // namespace

tl::expected<image::Recipe, std::vector<scenario::Diagnostic>> parse_recipe(
    std::string_view toml, const std::string& file, const std::string& name) {
  const auto root = scenario::read_document(toml, file);
  if (!root)
    return tl::make_unexpected(std::vector<scenario::Diagnostic>{root.error()});
  scenario::Mistakes mistakes(toml, file);
  scenario::check_shape(*root, recipe_shape(), &mistakes);
  image::Recipe recipe = read(*root, &mistakes);
  if (!mistakes.none()) return tl::make_unexpected(mistakes.take());
  recipe.name = name;
  recipe.source = std::string(toml);
  return recipe;
}

}  // namespace driftcage::recipe
