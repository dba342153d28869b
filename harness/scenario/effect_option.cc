// SPDX-License-Identifier: Apache-2.0
#include "harness/scenario/effect_option.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <optional>

#include "harness/scenario/shape.h"
#include "harness/scenario/toml_text.h"

namespace driftcage::scenario {
namespace {

// How the text of an option is turned into a value of its key.
enum class Form {
  Text,       // VALUE
  Number,     // VALUE
  List,       // VALUE, again and again
  Pair,       // NAME=VALUE or PATH:VALUE
  Parts,      // PATH or PATH:part,part=value
  Unset,      // NAME: env.NAME = false
  Link,       // PATH:TARGET: a symbolic link
  ShellLine,  // a line for /bin/sh
  Inject,     // CALL:ERRNO or CALL:ERRNO:PATH
};

struct Rule {
  EffectOption option;
  std::vector<std::string> key;  // {"path", "drop"}
  Form form = Form::Text;
  const Shape* parts = nullptr;  // Form::Parts: the table's shape
};

Form form_of(const Shape& shape) {
  switch (shape.kind) {
    case Kind::Integer:
      return Form::Number;
    case Kind::Array:
      return Form::List;
    default:
      return Form::Text;
  }
}

// "noexec,ro,size=…": the keys that a table of parts knows.
std::string parts_text(const Shape& table) {
  std::vector<std::string> names;
  for (const Key& key : table.keys) {
    const bool flag = key.value[0].kind == Kind::Boolean;
    names.push_back(fmt::format("{}{}", key.name, flag ? "" : "=…"));
  }
  return fmt::format("{}", fmt::join(names, ","));
}

Rule plain_rule(std::vector<std::string> key, const Key& part) {
  Rule rule;
  rule.option.name = fmt::format("{}", fmt::join(key, "-"));
  rule.form = form_of(part.value[0]);
  rule.option.value =
      rule.form == Form::Number ? "N"
      : part.value[0].choices.empty()
          ? "VALUE"
          : fmt::format("{}", fmt::join(part.value[0].choices, "|"));
  rule.option.meaning = part.meaning;
  rule.key = std::move(key);
  return rule;
}

// A table from names to values: env, files, chmod, mount, …
Rule table_rule(const Key& key, const Shape& table) {
  Rule rule;
  rule.option = {std::string(key.name), {}, std::string(key.meaning)};
  rule.key = {std::string(key.name)};
  const Shape& value = table.any[0];
  if (value.kind == Kind::Table) {
    rule.form = Form::Parts;
    rule.parts = &value;
    rule.option.value = "PATH:" + parts_text(value);
  } else {
    rule.form = Form::Pair;
    rule.option.value = key.name == "env"     ? "NAME=VALUE"
                        : key.name == "chmod" ? "PATH:MODE"
                        : key.name == "files" ? "PATH:TEXT"
                                              : "PATH:VALUE";
  }
  return rule;
}

std::vector<Rule> make_rules() {
  std::vector<Rule> rules;
  for (const Key& key : effect_keys()) {
    const std::string name(key.name);
    const std::string meaning(key.meaning);
    const Shape& shape = key.value[0];
    if (name == "inject") {
      rules.push_back(
          {{name, "CALL:ERRNO[:PATH]", meaning}, {name}, Form::Inject});
    } else if (name == "setup") {
      rules.push_back({{name, "LINE", "A line for /bin/sh before the command."},
                       {name, "sh"},
                       Form::ShellLine});
    } else if (shape.kind != Kind::Table) {
      rules.push_back(plain_rule({name}, key));
    } else if (!shape.any.empty()) {
      rules.push_back(table_rule(key, shape));
    } else {
      for (const Key& part : shape.keys) {
        rules.push_back(plain_rule({name, std::string(part.name)}, part));
      }
    }
    if (name == "env") {
      rules.push_back(
          {{"unset", "NAME", "Unset a variable."}, {name}, Form::Unset});
    }
    if (name == "files") {
      rules.push_back({{"symlink", "PATH:TARGET", "Make a symbolic link."},
                       {name},
                       Form::Link});
    }
  }
  return rules;
}

const std::vector<Rule>& rules() {
  static const std::vector<Rule> kRules = make_rules();
  return kRules;
}

struct Cut {
  std::string first;
  std::optional<std::string> rest;
};

Cut cut_at(const std::string& text, char mark) {
  const std::size_t at = text.find(mark);
  if (at == std::string::npos) return {text, std::nullopt};
  return {text.substr(0, at), text.substr(at + 1)};
}

std::string dotted(const std::vector<std::string>& key) {
  std::string text;
  for (const std::string& part : key) {
    text += (text.empty() ? "" : ".") + toml_key(part);
  }
  return text;
}

// "noexec,size=64KiB" as an inline table. A word that the table does not know
// is written as it stands: the parser then names the nearest.
std::string parts_value(const Shape& table, const std::string& text) {
  std::vector<std::string> parts;
  std::string rest = text;
  while (!rest.empty()) {
    const Cut piece = cut_at(rest, ',');
    rest = piece.rest.value_or("");
    const Cut word = cut_at(piece.first, '=');
    if (!word.rest) {
      parts.push_back(toml_key(word.first) + " = true");
      continue;
    }
    const Key* key = find_key(table, word.first);
    std::string value = toml_string(*word.rest);
    if (key != nullptr && key->value[0].kind == Kind::Integer) {
      value = *word.rest;
    } else if (key != nullptr && key->value[0].kind == Kind::Table) {
      // A tree of another image: IMAGE@PATH, or PATH of the same.
      const std::size_t at = word.rest->rfind('@');
      value = at == std::string::npos
                  ? fmt::format("{{ path = {} }}", toml_string(*word.rest))
                  : fmt::format("{{ image = {}, path = {} }}",
                                toml_string(word.rest->substr(0, at)),
                                toml_string(word.rest->substr(at + 1)));
    }
    parts.push_back(toml_key(word.first) + " = " + value);
  }
  if (parts.empty()) return "{}";
  return fmt::format("{{ {} }}", fmt::join(parts, ", "));
}

// Lines in the order of the options; what is given again joins the first.
class Lines {
 public:
  void value(const std::string& key, std::string value) {
    texts_.push_back(key + " = " + std::move(value));
  }
  void item(const std::string& key, const std::string& text, bool quote) {
    const auto [at, fresh] = lists_.try_emplace(key, texts_.size());
    if (fresh) {
      texts_.emplace_back();
      items_.emplace(key, std::vector<std::string>());
    }
    std::vector<std::string>& items = items_[key];
    items.push_back(text);
    texts_[at->second] = key + " = " +
                         (quote ? toml_list(items)
                                : fmt::format("[{}]", fmt::join(items, ", ")));
  }
  // Several lines for a shell are one script.
  void script(const std::string& key, const std::string& line) {
    const auto [at, fresh] = lists_.try_emplace(key, texts_.size());
    if (fresh) texts_.emplace_back();
    script_ += (script_.empty() ? "" : " && ") + line;
    texts_[at->second] = key + " = " + toml_string(script_);
  }
  std::vector<std::string> take() { return std::move(texts_); }

 private:
  std::vector<std::string> texts_;
  std::map<std::string, std::size_t> lists_;
  std::map<std::string, std::vector<std::string>> items_;
  std::string script_;
};

base::Status add(const Rule& rule, const std::string& text, Lines* lines) {
  const auto part_of = [&](const std::string& name) {
    std::vector<std::string> key = rule.key;
    key.push_back(name);
    return dotted(key);
  };
  const auto incomplete = [&] {
    return base::fail("--" + rule.option.name, text, 0,
                      "it has the form " + rule.option.value);
  };
  if (text.empty()) return incomplete();
  switch (rule.form) {
    case Form::Text:
      lines->value(dotted(rule.key), toml_string(text));
      break;
    case Form::Number:
      if (text.find_first_not_of("0123456789") != std::string::npos) {
        return incomplete();
      }
      lines->value(dotted(rule.key), text);
      break;
    case Form::List:
      lines->item(dotted(rule.key), text, /*quote=*/true);
      break;
    case Form::ShellLine:
      lines->script(dotted(rule.key), text);
      break;
    case Form::Unset:
      lines->value(part_of(text), "false");
      break;
    case Form::Pair: {
      const Cut cut = cut_at(text, rule.key[0] == "env" ? '=' : ':');
      if (!cut.rest || cut.first.empty()) return incomplete();
      lines->value(part_of(cut.first), rule.key[0] == "files"
                                           ? toml_block(*cut.rest)
                                           : toml_string(*cut.rest));
      break;
    }
    case Form::Parts: {
      const Cut cut = cut_at(text, ':');
      if (cut.first.empty()) return incomplete();
      lines->value(part_of(cut.first),
                   parts_value(*rule.parts, cut.rest.value_or("")));
      break;
    }
    case Form::Link: {
      const Cut cut = cut_at(text, ':');
      if (!cut.rest || cut.first.empty()) return incomplete();
      lines->value(part_of(cut.first),
                   fmt::format("{{ symlink = {} }}", toml_string(*cut.rest)));
      break;
    }
    case Form::Inject: {
      const Cut call = cut_at(text, ':');
      if (!call.rest) return incomplete();
      const Cut err = cut_at(*call.rest, ':');
      lines->item(
          dotted(rule.key),
          fmt::format("{{ call = {}, errno = {}{} }}", toml_string(call.first),
                      toml_string(err.first),
                      err.rest ? ", path = " + toml_string(*err.rest) : ""),
          /*quote=*/false);
      break;
    }
  }
  return {};
}

}  // namespace

const std::vector<EffectOption>& effect_options() {
  static const std::vector<EffectOption> kOptions = [] {
    std::vector<EffectOption> options;
    for (const Rule& rule : rules()) options.push_back(rule.option);
    return options;
  }();
  return kOptions;
}

base::Result<std::vector<std::string>> effect_lines(
    const std::vector<GivenEffect>& given) {
  Lines lines;
  for (const auto& [name, text] : given) {
    const auto rule = std::find_if(
        rules().begin(), rules().end(),
        [&name = name](const Rule& r) { return r.option.name == name; });
    if (rule == rules().end()) {
      return base::fail("there is no effect", name);
    }
    DRIFTCAGE_CHECK_OK(add(*rule, text, &lines));
  }
  return lines.take();
}

}  // namespace driftcage::scenario
