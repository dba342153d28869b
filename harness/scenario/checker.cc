// SPDX-License-Identifier: Apache-2.0
#include "harness/scenario/checker.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "harness/scenario/text_format.h"

namespace driftcage::scenario {
namespace {

std::string_view kind_text(Kind kind) {
  switch (kind) {
    case Kind::Text:
      return "a text";
    case Kind::Integer:
      return "an integer";
    case Kind::Float:
      return "a decimal number";
    case Kind::Boolean:
      return "a boolean";
    case Kind::Date:
      return "a date";
    case Kind::Array:
      return "a list";
    case Kind::Table:
      return "a table";
  }
  return "something else";
}

std::string with_article(std::string_view noun) {
  const bool vowel = noun.find_first_of("aeiouRE") == 0;
  return fmt::format("{} {}", vowel ? "an" : "a", noun);
}

std::string quoted_words(std::span<const std::string_view> words) {
  std::string text;
  for (const std::string_view word : words) {
    text += fmt::format("{}\"{}\"", text.empty() ? "" : ", ", word);
  }
  return text;
}

std::string wanted(const Shape& shape) {
  if (!shape.choices.empty()) {
    return fmt::format("one of {}", quoted_words(shape.choices));
  }
  if (shape.kind == Kind::Text) return with_article(shape.format->value);
  if (shape.only_false) return "false";
  if (shape.kind == Kind::Array) {
    return shape.item.size() == 1 && shape.item[0].kind == Kind::Table
               ? "an array of tables"
               : "a list";
  }
  return std::string(kind_text(shape.kind));
}

std::string wanted(Value value) {
  std::string text;
  for (const Shape& shape : value) {
    text += fmt::format("{}{}", text.empty() ? "" : " or ", wanted(shape));
  }
  return text;
}

std::vector<std::string> key_names(const Shape& table) {
  std::vector<std::string> names;
  for (const auto keys : {table.keys, table.shared}) {
    for (const Key& key : keys) names.emplace_back(key.name);
  }
  return names;
}

// Where in the file a value stands: "fault.path.drop".
struct Place {
  const Place* above = nullptr;
  std::string_view name;

  [[nodiscard]] std::string text() const {
    if (above == nullptr) return std::string(name);
    const std::string before = above->text();
    return before.empty() ? std::string(name)
                          : fmt::format("{}.{}", before, name);
  }
};

class Checker {
 public:
  explicit Checker(Mistakes* mistakes) : mistakes_(*mistakes) {}

  void check(const Node& node, const Shape& shape, const Place& place) {
    switch (shape.kind) {
      case Kind::Text:
        return check_text(node, shape, place);
      case Kind::Integer:
        if (node.integer < shape.min || node.integer > shape.max) {
          mistakes_.add(node.at, range_text(shape, place));
        }
        return;
      case Kind::Boolean:
        if (shape.only_false && node.boolean) {
          mistakes_.add(node.at, fmt::format("{} cannot be true", place.text()),
                        "false unsets a variable; quote any other value");
        }
        return;
      case Kind::Array:
        if (node.items.empty()) {
          mistakes_.add(node.at, fmt::format("{} is empty", place.text()),
                        "leave the key out when there is nothing to say");
        } else if (std::cmp_less(node.items.size(), shape.min)) {
          mistakes_.add(node.at, fmt::format("{} needs at least {} items",
                                             place.text(), shape.min));
        }
        for (const Node& item : node.items) {
          check_value(item, shape.item, place, "an item of ");
        }
        return;
      case Kind::Table:
        return check_table(node, shape, place);
      case Kind::Float:
      case Kind::Date:
        return;
    }
  }

 private:
  void check_value(const Node& node, Value value, const Place& place,
                   std::string_view item = {}) {
    const auto shape = std::ranges::find(value, node.kind, &Shape::kind);
    if (shape != value.end()) return check(node, *shape, place);
    std::string hint;
    if (node.kind == Kind::Integer || node.kind == Kind::Float) {
      const bool duration = std::ranges::any_of(
          value, [](const Shape& s) { return s.format == &kDuration; });
      hint = duration ? "write it in quotes, with a unit: \"5s\""
                      : "write the value in quotes";
    } else if (node.kind == Kind::Text && value.size() == 1 &&
               value[0].kind == Kind::Array) {
      const bool command = place.text().ends_with("run");
      const bool shells =
          node.text.find_first_of("\"'\\$`|&;<>()*?~#") != std::string::npos;
      hint = node.text.empty() ? "write [ ] around it"
             : !command        ? "write " + as_list(node.text, "")
             : shells          ? "a line for a shell is the key sh, not run"
                               : "write " + as_list(node.text, " \t\n");
    }
    const bool text_fits =
        std::ranges::find(value, Kind::Text, &Shape::kind) != value.end();
    if (!text_fits && node.kind != Kind::Text) hint.clear();
    mistakes_.add(node.at,
                  fmt::format("{}{} must be {}, not {}", item, place.text(),
                              wanted(value), kind_text(node.kind)),
                  std::move(hint));
  }

  // A list of texts: of a command line's words, which `between` parts.
  static std::string as_list(std::string_view text, std::string_view between) {
    std::string list = "[";
    std::string word;
    const auto take = [&] {
      if (word.empty()) return;
      list += (list.size() > 1 ? ", \"" : "\"") + word + "\"";
      word.clear();
    };
    for (const char c : text) {
      if (between.find(c) != std::string_view::npos) {
        take();
      } else {
        if (c == '"' || c == '\\') word += '\\';
        word += c;
      }
    }
    take();
    return list + "]";
  }

  static std::string range_text(const Shape& shape, const Place& place) {
    if (shape.min == shape.max) {
      return fmt::format("{} must be {}", place.text(), shape.min);
    }
    if (shape.max == std::numeric_limits<std::int64_t>::max()) {
      return fmt::format("{} must be at least {}", place.text(), shape.min);
    }
    return fmt::format("{} must be from {} to {}", place.text(), shape.min,
                       shape.max);
  }

  void check_text(const Node& node, const Shape& shape, const Place& place) {
    if (shape.choices.empty()) {
      if (auto mistake = shape.format->check(node.text)) {
        mistakes_.add_in(node.at, std::move(*mistake));
      }
      return;
    }
    if (std::ranges::find(shape.choices, node.text) != shape.choices.end()) {
      return;
    }
    const std::string near =
        nearest(node.text, {shape.choices.begin(), shape.choices.end()});
    mistakes_.add(
        node.at, fmt::format("unknown {} \"{}\"", place.text(), node.text),
        near.empty() ? fmt::format("known are {}", quoted_words(shape.choices))
                     : fmt::format("did you mean \"{}\"?", near));
  }

  void check_table(const Node& node, const Shape& shape, const Place& place) {
    bool idle = !shape.idle.empty();
    for (const Entry& entry : node.entries) {
      const Place inner{&place, entry.name};
      const Key* key = find_key(shape, entry.name);
      if (key == nullptr) {
        idle = false;
        check_any(entry, shape, place, inner);
        continue;
      }
      idle = idle && key->label;
      check_key(entry, *key, inner);
    }
    for (const auto keys : {shape.keys, shape.shared}) {
      for (const Key& key : keys) {
        if (key.required && !shape.optional && node.find(key.name) == nullptr) {
          mistakes_.add(node.at, missing(key, place));
        }
      }
    }
    check_one_of(node, shape, place);
    if (idle) mistakes_.add(node.at, std::string(shape.idle));
  }

  static std::string missing(const Key& key, const Place& place) {
    const std::string where = place.text();
    return where.empty()
               ? fmt::format("the key {} is missing", key.name)
               : fmt::format("the key {} is missing in {}", key.name, where);
  }

  // A key without a description of its own.
  void check_any(const Entry& entry, const Shape& shape, const Place& place,
                 const Place& inner) {
    if (shape.any.empty()) {
      const std::string near = nearest(entry.name, key_names(shape));
      const std::string where = place.text();
      mistakes_.add(
          entry.at,
          where.empty()
              ? fmt::format("unknown key \"{}\"", entry.name)
              : fmt::format("unknown key \"{}\" in {}", entry.name, where),
          near.empty()
              ? fmt::format("known are {}", fmt::join(key_names(shape), ", "))
              : fmt::format("did you mean \"{}\"?", near));
      return;
    }
    if (auto mistake = shape.name_format->check(entry.name)) {
      mistakes_.add_in(entry.at, std::move(*mistake));
    }
    check_value(entry.value, shape.any, inner);
  }

  void check_key(const Entry& entry, const Key& key, const Place& inner) {
    check_value(entry.value, key.value, inner);
  }

  void check_one_of(const Node& node, const Shape& shape, const Place& place) {
    const Entry* first = nullptr;
    for (const Entry& entry : node.entries) {
      if (std::ranges::find(shape.one_of, entry.name) == shape.one_of.end()) {
        continue;
      }
      if (first == nullptr) {
        first = &entry;
        continue;
      }
      mistakes_.add(entry.at, fmt::format("{} and {} exclude each other",
                                          first->name, entry.name));
    }
    if (first == nullptr && shape.one_required) {
      const std::string where = place.text();
      mistakes_.add(node.at, fmt::format("{} is missing{}",
                                         fmt::join(shape.one_of, " or "),
                                         where.empty() ? "" : " in " + where));
    }
  }

  Mistakes& mistakes_;
};

}  // namespace

void Mistakes::add(const Span& at, std::string message, std::string hint) {
  found_.push_back(
      {range_of(at, file_), std::move(message), std::move(hint), {}});
}

void Mistakes::add_in(const Span& text, TextMistake mistake) {
  add(place_in_text(source_, text, mistake.offset, mistake.length),
      std::move(mistake.message), std::move(mistake.hint));
}

std::vector<Diagnostic> Mistakes::take() {
  const auto place = [this](const Diagnostic& mistake) {
    // Other files last.
    return std::tuple(mistake.at.file != file_, mistake.at.line,
                      mistake.at.column);
  };
  std::ranges::stable_sort(found_, {}, place);
  // Each combination of a matrix finds the same ones.
  const auto same = [&](const Diagnostic& a, const Diagnostic& b) {
    return a.at.file == b.at.file && place(a) == place(b) &&
           a.message == b.message;
  };
  found_.erase(std::unique(found_.begin(), found_.end(), same), found_.end());
  // Nobody reads more, and a file of garbage has a mistake per byte.
  constexpr std::size_t kMost = 200;
  if (found_.size() > kMost) {
    const std::size_t rest = found_.size() - kMost;
    found_.resize(kMost + 1);
    found_.back().message = fmt::format("and {} more mistakes", rest);
    found_.back().hint.clear();
  }
  return std::move(found_);
}

void check_shape(const Node& node, const Shape& shape, Mistakes* mistakes) {
  Checker(mistakes).check(node, shape, Place{});
}

}  // namespace driftcage::scenario
