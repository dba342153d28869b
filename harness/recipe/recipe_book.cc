// SPDX-License-Identifier: Apache-2.0
#include "harness/recipe/recipe_book.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "harness/base/sys.h"
#include "harness/recipe/recipe_reader.h"
#include "harness/scenario/diagnostic.h"
#include "harness/scenario/document.h"

namespace driftcage::recipe {
namespace {

constexpr const char* kSuffix = ".toml";

}  // namespace

std::vector<std::string> RecipeBook::names() const {
  std::vector<std::string> names;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, none)) {
    const auto& path = entry.path();
    if (path.extension() == kSuffix) names.push_back(path.stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

base::Result<image::Recipe> RecipeBook::find(const std::string& name) const {
  const std::string file = folder_ + "/" + name + kSuffix;
  const auto known = names();
  if (std::find(known.begin(), known.end(), name) == known.end()) {
    const std::string near = scenario::nearest(name, known);
    return base::fail("open image", name, 0,
                      near.empty()
                          ? "no recipe has this name; `driftcage image list` "
                            "shows them"
                          : fmt::format("did you mean \"{}\"?", near));
  }
  const std::string text =
      DRIFTCAGE_TRY(base::sys::read_file(file, scenario::kMaxSource + 1));
  auto recipe = parse_recipe(text, file, name);
  if (recipe) return *std::move(recipe);
  std::string mistakes;
  for (const scenario::Diagnostic& mistake : recipe.error())
    mistakes += "\n" + scenario::render(mistake, text);
  return base::fail("read recipe", file, EINVAL, mistakes);
}

}  // namespace driftcage::recipe
