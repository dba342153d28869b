// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <regex>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "harness/scenario/event_parts.h"
#include "harness/scenario/parser.h"
#include "harness/scenario/shape.h"
#include "harness/scenario/variables.h"
#include "tests/unit/scenario/examples.h"

// What people read about the format is what the parser does.
namespace driftcage::scenario {
namespace {

bool updating() { return std::getenv("DRIFTCAGE_UPDATE") != nullptr; }

void write_text(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

std::vector<std::string> mistakes(const std::string& text) {
  std::vector<std::string> messages;
  const auto result = parse(text, "f");
  if (result) return messages;
  for (const Diagnostic& mistake : result.error()) {
    messages.push_back(render(mistake, text));
  }
  return messages;
}

TEST(Effects, ListIsComplete) {
  std::vector<std::string> keys;
  for (const EffectInfo& effect : effects()) keys.push_back(effect.key);
  EXPECT_THAT(
      keys,
      testing::ElementsAre(
          "env", "path.drop", "path.prepend", "path.remove", "path.set", "hide",
          "files", "chmod", "truncate", "corrupt", "mount", "limit.nofile",
          "limit.nproc", "limit.fsize", "limit.data", "limit.as", "limit.stack",
          "limit.cpu", "limit.core", "user", "umask", "net", "proc", "dev.drop",
          "clock", "cache", "setup", "inject"));
}

// Each can stand in a fault, in a fix and in the healthy cage.
TEST(Effects, ExamplesAreAcceptedEverywhere) {
  for (const EffectInfo& effect : effects()) {
    EXPECT_TRUE(effect.example.starts_with(effect.key)) << effect.example;
    EXPECT_NE(effect.meaning, "");
    EXPECT_NE(effect.value, "");
    EXPECT_THAT(mistakes(complete(effect.example + "\n")), testing::IsEmpty());
    EXPECT_THAT(mistakes(complete("[[fault]]\n" + effect.example + "\n")),
                testing::IsEmpty());
    EXPECT_THAT(
        mistakes(complete("[[fix]]\nid = 'x'\n" + effect.example + "\n")),
        testing::IsEmpty());
  }
}

// Every key of the effects' tables is in the list.
TEST(Effects, ParserAcceptsNoOther) {
  for (const Key& key : effect_keys()) {
    const bool listed = std::ranges::any_of(effects(), [&](const auto& effect) {
      return effect.key == key.name ||
             effect.key.starts_with(std::string(key.name) + ".");
    });
    EXPECT_TRUE(listed) << key.name;
  }
}

TEST(Schema, FileIsUpToDate) {
  const std::string path = source_path("docs/scenario.schema.json");
  if (updating()) write_text(path, json_schema());
  EXPECT_EQ(read_text(path), json_schema())
      << "write it anew with: driftcage schema > docs/scenario.schema.json";
}

// The shape that a dotted name leads to: "expect.event", "effects.mount".
const Shape* shape_at(std::string_view name) {
  const Shape* shape = &file_shape();
  if (name.starts_with("effects.")) name.remove_prefix(8);
  while (!name.empty() && name != "file") {
    const auto dot = name.find('.');
    const Key* key = find_key(*shape, name.substr(0, dot));
    if (key == nullptr) return nullptr;
    name = dot == name.npos ? "" : name.substr(dot + 1);
    shape = nullptr;
    for (const Shape& way : key->value) {
      if (way.kind == Kind::Table && shape == nullptr) shape = &way;
      if (way.kind == Kind::Array && !way.item.empty() && shape == nullptr &&
          way.item[0].kind == Kind::Table) {
        shape = &way.item[0];
      }
    }
    if (shape == nullptr) return nullptr;
    // A table of paths: what stands behind each of them.
    for (const Shape& any : shape->any) {
      if (shape->keys.empty() && any.kind == Kind::Table) shape = &any;
    }
  }
  return shape;
}

void add_rows(std::span<const Key> keys, std::string* table) {
  for (const Key& key : keys) {
    std::string value(key.shown);
    for (auto bar = value.find('|'); bar != value.npos;
         bar = value.find('|', bar + 2)) {
      value.insert(bar, "\\");
    }
    const char* mark = key.required ? " **Required.**" : "";
    *table += fmt::format("| `{}` | `{}` | {}{} |\n", key.name, value,
                          key.meaning, mark);
  }
}

std::string key_table(std::string_view name) {
  std::string table = "| key | value | meaning |\n|---|---|---|\n";
  if (name == "effects") {
    add_rows(effect_keys(), &table);
    return table;
  }
  if (name == "variables") {
    table = "| variable | value |\n|---|---|\n";
    for (const VariableInfo& info : variables()) {
      table += fmt::format("| `${}` | {} |\n", info.name, info.meaning);
    }
    return table;
  }
  const Shape* shape = shape_at(name);
  if (shape == nullptr) return "unknown: " + std::string(name) + "\n";
  add_rows(shape->keys, &table);
  if (shape->shared.data() != effect_keys().data()) {
    add_rows(shape->shared, &table);
  }
  return table;
}

// The tables between "<!-- keys: NAME -->" and "<!-- end -->" are made from
// the parser's own description.
TEST(Reference, TablesAreUpToDate) {
  const std::string path = source_path("docs/scenario-format.md");
  const std::string page = read_text(path);
  ASSERT_FALSE(page.empty());
  std::string made;
  std::size_t at = 0;
  int tables = 0;
  for (auto mark = page.find("<!-- keys: "); mark != page.npos;
       mark = page.find("<!-- keys: ", at)) {
    const auto name_end = page.find(" -->\n", mark);
    const auto end = page.find("<!-- end -->", mark);
    ASSERT_NE(end, page.npos);
    const std::string name = page.substr(mark + 11, name_end - mark - 11);
    made += page.substr(at, name_end + 5 - at) + key_table(name);
    at = end;
    ++tables;
  }
  made += page.substr(at);
  EXPECT_GE(tables, 10);
  if (updating()) write_text(path, made);
  EXPECT_EQ(read_text(path), made)
      << "run this test with DRIFTCAGE_UPDATE=1 to write the tables anew";
}

// The examples are real: whole files parse, parts parse when completed.
TEST(Reference, ExamplesParse) {
  const std::string page = read_text(source_path("docs/scenario-format.md"));
  int blocks = 0;
  for (auto at = page.find("```toml\n"); at != page.npos;
       at = page.find("```toml\n", at)) {
    at += 8;
    const auto end = page.find("```", at);
    const std::string block = page.substr(at, end - at);
    at = end + 3;
    ++blocks;
    const bool whole = block.starts_with("schema");
    EXPECT_THAT(mistakes(whole ? block : complete(block)), testing::IsEmpty())
        << block;
  }
  EXPECT_GE(blocks, 10);
}

// Cells of a row of the catalogue, after its two first ones.
std::size_t passes(const std::string& row) {
  std::size_t count = 0;
  for (auto at = row.find("| pass |"); at != row.npos;
       at = row.find("| pass |", at + 7)) {
    ++count;
  }
  return count;
}

// docs/catalogue.md is made of run records: no case is missing, each has passed
// on two Gos at least, and none has failed.
TEST(Catalogue, HoldsEveryCase) {
  const std::string page = read_text(source_path("docs/catalogue.md"));
  for (const std::string& path : shipped_scenarios()) {
    const std::string below = path.substr(source_path("scenarios/").size());
    std::string file = below.substr(0, below.size() - 5) + ".md";
    std::replace(file.begin(), file.end(), '/', '-');
    const auto at = page.find("(catalogue/" + file + ")");
    ASSERT_NE(at, page.npos) << below << " is not in docs/catalogue.md: "
                             << "driftcage catalogue --help";
    const std::string row = page.substr(at, page.find('\n', at) - at);
    // Two Gos have seen it; with musl there is one image.
    const bool musl =
        read_text(path).find("libc = \"musl\"") != std::string::npos;
    EXPECT_GE(passes(row), musl ? 1u : 2u) << below;
    EXPECT_EQ(row.find("**"), row.npos) << below;
    EXPECT_NE(read_text(source_path("docs/catalogue/" + file)), "") << file;
  }
}

// docs/coverage.md leads from faults to cases: to all of them, and to no other.
TEST(Catalogue, CoverageNamesEachCase) {
  const std::string page = read_text(source_path("docs/coverage.md"));
  std::set<std::string> cases;
  for (const std::string& path : shipped_scenarios()) {
    const std::string below = path.substr(source_path("scenarios/").size());
    cases.insert(below.substr(0, below.size() - 5));
  }
  std::set<std::string> named;
  const std::regex code("`([a-z0-9]+/[a-z0-9-]+)`");
  for (std::sregex_iterator it(page.begin(), page.end(), code), end; it != end;
       ++it) {
    named.insert((*it)[1]);
  }
  EXPECT_EQ(named, cases);
}

// docs/mutations.md was made with the cases that there are, and shows no
// survivor.
TEST(Catalogue, MutationsWereSeenOfEachCase) {
  const std::string page = read_text(source_path("docs/mutations.md"));
  for (const std::string& path : shipped_scenarios()) {
    const std::string below = path.substr(source_path("scenarios/").size());
    const std::string id = below.substr(0, below.size() - 5);
    EXPECT_NE(page.find("`" + id + "`"), page.npos)
        << id << " is not in docs/mutations.md: driftcage mutate";
  }
  EXPECT_EQ(page.find("Not red:"), page.npos);
}

TEST(Reference, NamesEveryVerb) {
  const std::string page = read_text(source_path("docs/scenario-format.md"));
  for (const std::string& verb : verb_names()) {
    EXPECT_NE(page.find("`" + verb + "`"), page.npos) << verb;
  }
  for (int i = 1; i < static_cast<int>(model::Cause::Injected); ++i) {
    const std::string cause(model::cause_name(static_cast<model::Cause>(i)));
    EXPECT_NE(page.find("`" + cause + "`"), page.npos) << cause;
  }
}

}  // namespace
}  // namespace driftcage::scenario
