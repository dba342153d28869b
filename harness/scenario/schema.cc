// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/scenario/parser.h"
#include "harness/scenario/shape.h"

namespace driftcage::scenario {
namespace {

using Json = nlohmann::ordered_json;

Json schema_of(const Shape& shape);

Json schema_of(Value value) {
  Json alternatives = Json::array();
  for (const Shape& shape : value) {
    alternatives.push_back(schema_of(shape));
  }
  if (alternatives.size() == 1) return alternatives[0];
  return {{"anyOf", alternatives}};
}

Json required(std::string_view key) {
  return {{"required", Json::array({std::string(key)})}};
}

template <class Visit>
void each_key(const Shape& table, Visit visit) {
  for (const auto keys : {table.keys, table.shared}) {
    for (const Key& key : keys) visit(key);
  }
}

// At most one of two keys, or exactly one.
void add_one_of(const Shape& shape, Json* schema) {
  if (shape.one_of.empty()) return;
  if (shape.one_required) {
    Json ways = Json::array();
    for (const auto name : shape.one_of) ways.push_back(required(name));
    (*schema)["oneOf"] = ways;
    return;
  }
  Json both = Json::array();
  for (const auto name : shape.one_of) both.push_back(std::string(name));
  (*schema)["not"] = {{"required", both}};
}

Json schema_of_key(const Key& key) {
  Json schema = schema_of(key.value);
  schema["description"] = std::string(key.meaning);
  return schema;
}

// Effects stand in three tables; the schema describes them once.
bool is_effect(const Key& key) {
  const auto effects = effect_keys();
  return &key >= effects.data() && &key < effects.data() + effects.size();
}

Json schema_of_table(const Shape& shape) {
  Json schema = {{"type", "object"}};
  Json properties = Json::object();
  Json must = Json::array();
  Json changes = Json::array();
  each_key(shape, [&](const Key& key) {
    properties[std::string(key.name)] =
        is_effect(key)
            ? Json{{"$ref", "#/definitions/" + std::string(key.name)}}
            : schema_of_key(key);
    if (key.required) must.push_back(std::string(key.name));
    if (!key.label) changes.push_back(required(key.name));
  });
  if (!properties.empty()) schema["properties"] = std::move(properties);
  if (!must.empty()) schema["required"] = std::move(must);
  if (shape.any.empty()) {
    schema["additionalProperties"] = false;
  } else {
    schema["additionalProperties"] = schema_of(shape.any);
    schema["propertyNames"] = {
        {"pattern", std::string(shape.name_format->pattern)}};
  }
  if (!shape.idle.empty() && !changes.empty()) {
    schema["anyOf"] = std::move(changes);
  } else if (!shape.idle.empty()) {
    // Every named key only describes the table: another one must be there.
    Json labels = Json::array();
    each_key(shape,
             [&](const Key& key) { labels.push_back(std::string(key.name)); });
    schema["not"] = {{"propertyNames", {{"enum", std::move(labels)}}}};
  }
  add_one_of(shape, &schema);
  return schema;
}

// What a [matrix] will fill in is judged by the parser only.
std::string pattern_of(const TextFormat& format) {
  std::string pattern(format.pattern);
  if (pattern.starts_with('^')) pattern += R"(|\$\{[a-z][a-z0-9_]*\})";
  return pattern;
}

Json schema_of(const Shape& shape) {
  switch (shape.kind) {
    case Kind::Text: {
      Json schema = {{"type", "string"}};
      if (!shape.choices.empty()) {
        Json words = Json::array();
        for (const auto word : shape.choices)
          words.push_back(std::string(word));
        schema["enum"] = std::move(words);
      } else if (!shape.format->pattern.empty()) {
        schema["pattern"] = pattern_of(*shape.format);
      }
      return schema;
    }
    case Kind::Integer: {
      Json schema = {{"type", "integer"}, {"minimum", shape.min}};
      if (shape.max != std::numeric_limits<std::int64_t>::max()) {
        schema["maximum"] = shape.max;
      }
      return schema;
    }
    case Kind::Boolean:
      if (shape.only_false) return {{"type", "boolean"}, {"enum", {false}}};
      return {{"type", "boolean"}};
    case Kind::Array:
      return {{"type", "array"},
              {"items", schema_of(shape.item)},
              {"minItems", std::max<std::int64_t>(1, shape.min)}};
    case Kind::Table:
      return schema_of_table(shape);
    case Kind::Float:
      return {{"type", "number"}};
    case Kind::Date:
      return {{"type", "string"}, {"format", "date"}};
  }
  return Json::object();
}

EffectInfo info_of(std::string key, const Key& described) {
  return {std::move(key), std::string(described.shown),
          std::string(described.meaning), std::string(described.example),
          std::string(described.needs)};
}

}  // namespace

const std::vector<EffectInfo>& effects() {
  static const std::vector<EffectInfo> kEffects = [] {
    std::vector<EffectInfo> list;
    for (const Key& key : effect_keys()) {
      // A group without an example of its own is told by its members.
      if (!key.example.empty()) {
        list.push_back(info_of(std::string(key.name), key));
        continue;
      }
      for (const Key& part : key.value[0].keys) {
        list.push_back(
            info_of(fmt::format("{}.{}", key.name, part.name), part));
      }
    }
    return list;
  }();
  return kEffects;
}

std::string json_schema() {
  Json schema = {
      {"$schema", "http://json-schema.org/draft-07/schema#"},
      {"title", "driftcage scenario"},
      {"description", "A command, a fault, its signature and its fixes."}};
  schema.update(schema_of(file_shape()));
  Json definitions = Json::object();
  for (const Key& key : effect_keys()) {
    definitions[std::string(key.name)] = schema_of_key(key);
  }
  schema["definitions"] = std::move(definitions);
  return schema.dump(2) + "\n";
}

}  // namespace driftcage::scenario
