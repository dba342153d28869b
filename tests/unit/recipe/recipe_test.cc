// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

#include "harness/recipe/recipe_book.h"
#include "harness/recipe/recipe_reader.h"

namespace driftcage::recipe {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

RecipeBook shipped() { return RecipeBook(DRIFTCAGE_SOURCE_DIR "/images"); }

std::vector<std::string> mistakes_of(const std::string& toml) {
  const auto recipe = parse_recipe(toml, "x.toml", "x");
  std::vector<std::string> messages;
  if (recipe) return messages;
  for (const scenario::Diagnostic& mistake : recipe.error())
    messages.push_back(std::to_string(mistake.at.line) + ": " +
                       mistake.message);
  return messages;
}

TEST(ParseRecipe, TakesEveryKey) {
  const auto recipe = parse_recipe(R"(
schema  = 1
title   = "All of it"
user    = "nobody"
workdir = "/go"
[debian]
suites       = ["bookworm", "bookworm-backports"]
packages     = ["golang-1.23-go", "g++"]
base         = false
dependencies = false
[env]
PATH = "/usr/bin"
[[link]]
to = "../lib/go-1.23"
at = ["/usr/local/go", "/opt/go"]
[files]
"/etc/hosts" = "text"
[warm]
run = [["go", "build"], ["go", "vet"]]
[warm.files]
"main.go" = "package main"
)",
                                   "all.toml", "all");
  ASSERT_TRUE(recipe);
  EXPECT_EQ(recipe->name, "all");
  EXPECT_THAT(recipe->suites, ElementsAre("bookworm", "bookworm-backports"));
  EXPECT_THAT(recipe->packages, ElementsAre("golang-1.23-go", "g++"));
  EXPECT_FALSE(recipe->base);
  EXPECT_FALSE(recipe->dependencies);
  EXPECT_EQ(recipe->user, "nobody");
  EXPECT_EQ(recipe->working_directory, "/go");
  EXPECT_EQ(recipe->environment.at("PATH"), "/usr/bin");
  ASSERT_THAT(recipe->links, SizeIs(2));
  EXPECT_EQ(recipe->links[1].at, "/opt/go");
  EXPECT_EQ(recipe->files.at("/etc/hosts"), "text");
  EXPECT_THAT(recipe->warm.commands, SizeIs(2));
  EXPECT_EQ(recipe->warm.files.at("main.go"), "package main");
}

TEST(ParseRecipe, ShowsAllMistakesAtTheirPlaces) {
  EXPECT_THAT(mistakes_of("schema = 1\n"
                          "title = \"t\"\n"
                          "[debian]\n"
                          "suite = [\"bookworm\"]\n"
                          "packages = [\"go lang\", \"-o\"]\n"),
              ElementsAre(HasSubstr("suites"), HasSubstr("4: "),
                          HasSubstr("5: "), HasSubstr("5: ")));
  EXPECT_THAT(mistakes_of("schema = 1\ntitle = \"t\"\n"),
              ElementsAre(HasSubstr("debian")));
  EXPECT_THAT(mistakes_of("schema = 1\ntitle = \"t\"\npull = \"docker://x\"\n"
                          "[files]\n\"/x\" = \"y\"\n"),
              ElementsAre(HasSubstr("stays as it is")));
  EXPECT_THAT(mistakes_of("schema = 2\ntitle = \"t\"\npull = \"x\"\n"),
              SizeIs(1));
  EXPECT_THAT(mistakes_of("schema = 1\ntitle = \"t\npull"),
              ElementsAre(HasSubstr("TOML")));
}

TEST(RecipeBook, ShippedRecipesAreGood) {
  const RecipeBook book = shipped();
  const auto names = book.names();
  EXPECT_GT(names.size(), 20u);
  for (const std::string& name : names) {
    const auto recipe = book.find(name);
    ASSERT_TRUE(recipe) << name << recipe.error().hint;
    EXPECT_EQ(recipe->name, name);
    // Mirrors and registries are the machine's business.
    EXPECT_EQ(recipe->source.find("http"), std::string::npos) << name;
    if (recipe->pull.empty()) continue;
    const std::string reference = recipe->pull.substr(sizeof("docker://") - 1);
    EXPECT_EQ(reference.substr(0, reference.find_first_of(":/")).find('.'),
              std::string::npos)
        << name;
  }
}

TEST(RecipeBook, EveryGoHasATwinWithoutCompiler) {
  const RecipeBook book = shipped();
  const auto names = book.names();
  for (const std::string& name : names) {
    if (name.find("-go1.") == std::string::npos || name.ends_with("-slim") ||
        name.starts_with("alpine") || name.find("-go1.19-") != name.npos)
      continue;
    EXPECT_THAT(names, Contains(name + "-slim"));
    EXPECT_THAT(book.find(name)->packages, Contains("gcc"));
    EXPECT_THAT(book.find(name + "-slim")->packages,
                ::testing::Not(Contains("gcc")));
  }
}

TEST(RecipeBook, AnUnknownNameGetsTheNearest) {
  const auto none = shipped().find("bookworm-go1.9");
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().hint, HasSubstr("bookworm-go1.19"));
  EXPECT_FALSE(shipped().find("../images/bookworm-go1.19"));
  EXPECT_THAT(RecipeBook("").names(), IsEmpty());
  EXPECT_FALSE(RecipeBook("").find("x"));
}

}  // namespace
}  // namespace driftcage::recipe
