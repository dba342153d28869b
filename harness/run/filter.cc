// SPDX-License-Identifier: Apache-2.0
//
// A recursive descent over the expression; depth is bounded, so that no input
// exhausts the stack.
#include "harness/run/filter.h"

#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "harness/scenario/diagnostic.h"

namespace driftcage::run {

enum class Ask { Id, Tag, Fault, Image, Needs, Weak, All };

struct Filter::Node {
  enum class Kind { Ask, Not, And, Or };
  Kind kind = Kind::Ask;
  Ask ask = Ask::All;
  std::string glob;
  std::string text;  // as written
  std::vector<std::shared_ptr<Node>> parts;
  mutable bool asked = false;
  mutable bool held = false;
};

namespace {

using Node = Filter::Node;
using NodePtr = std::shared_ptr<Node>;

constexpr int kMaxDepth = 100;

struct Predicate {
  std::string_view name;
  Ask ask;
  bool takes_glob;
};
constexpr std::array<Predicate, 7> kPredicates{{
    {"id", Ask::Id, true},
    {"tag", Ask::Tag, true},
    {"fault", Ask::Fault, true},
    {"image", Ask::Image, true},
    {"needs", Ask::Needs, true},
    {"weak", Ask::Weak, false},
    {"all", Ask::All, false},
}};

class Parser {
 public:
  explicit Parser(const std::string& text) : text_(text) {}

  base::Result<NodePtr> run() {
    NodePtr root = DRIFTCAGE_TRY(either(0));
    skip_blanks();
    if (at_ < text_.size()) {
      return mistake(text_[at_] == ')' ? "there is no ( for this )"
                                       : "expected & or | here");
    }
    return root;
  }

 private:
  base::Result<NodePtr> either(int depth) {
    return chain(Node::Kind::Or, '|', "or", depth);
  }
  base::Result<NodePtr> both(int depth) {
    return chain(Node::Kind::And, '&', "and", depth);
  }

  base::Result<NodePtr> chain(Node::Kind kind, char sign, std::string_view word,
                              int depth) {
    const auto part = [&] {
      return kind == Node::Kind::Or ? both(depth) : one(depth);
    };
    NodePtr first = DRIFTCAGE_TRY(part());
    if (!joined(sign, word)) return first;
    auto node = std::make_shared<Node>();
    node->kind = kind;
    node->parts.push_back(std::move(first));
    do {
      node->parts.push_back(DRIFTCAGE_TRY(part()));
    } while (joined(sign, word));
    return node;
  }

  base::Result<NodePtr> one(int depth) {
    skip_blanks();
    if (depth > kMaxDepth) return mistake("nested too deeply");
    if (at_ == text_.size()) return mistake("the expression ends too early");
    if (text_[at_] == '!' || starts_word("not")) {
      at_ += text_[at_] == '!' ? 1 : 3;
      auto node = std::make_shared<Node>();
      node->kind = Node::Kind::Not;
      node->parts.push_back(DRIFTCAGE_TRY(one(depth + 1)));
      return node;
    }
    if (text_[at_] == '(') {
      ++at_;
      NodePtr inner = DRIFTCAGE_TRY(either(depth + 1));
      skip_blanks();
      if (at_ == text_.size()) return mistake("a ) is missing");
      if (text_[at_] != ')') return mistake("expected &, | or ) here");
      ++at_;
      return inner;
    }
    return predicate();
  }

  base::Result<NodePtr> predicate() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && std::isalpha(byte(at_)) != 0) ++at_;
    const std::string name = text_.substr(begin, at_ - begin);
    const auto* const known =
        std::find_if(kPredicates.begin(), kPredicates.end(),
                     [&](const Predicate& p) { return p.name == name; });
    if (known == kPredicates.end()) {
      at_ = begin;
      std::vector<std::string> names;
      for (const Predicate& p : kPredicates) names.emplace_back(p.name);
      const std::string near = scenario::nearest(name, names);
      if (name.empty()) return mistake("expected a predicate here", kExample);
      return mistake("there is no predicate " + name,
                     near.empty() ? kExample : "did you mean " + near + "?");
    }
    if (at_ == text_.size() || text_[at_] != '(') {
      return mistake("expected ( after " + name, kExample);
    }
    const std::size_t open = ++at_;
    // A glob may hold brackets and, escaped, a parenthesis.
    while (at_ < text_.size() && text_[at_] != ')') {
      at_ += text_[at_] == '\\' && at_ + 1 < text_.size() ? 2 : 1;
    }
    if (at_ >= text_.size()) {
      at_ = text_.size();
      return mistake("a ) is missing");
    }
    auto node = std::make_shared<Node>();
    node->ask = known->ask;
    node->glob = trimmed(text_.substr(open, at_ - open));
    ++at_;
    node->text = text_.substr(begin, at_ - begin);
    if (known->takes_glob == node->glob.empty()) {
      at_ = open;
      return mistake(known->takes_glob ? name + " needs a word or a glob"
                                       : name + " takes nothing");
    }
    return node;
  }

  bool joined(char sign, std::string_view word) {
    skip_blanks();
    if (at_ < text_.size() && text_[at_] == sign) {
      ++at_;
      if (at_ < text_.size() && text_[at_] == sign) ++at_;  // && and ||
      return true;
    }
    if (!starts_word(word)) return false;
    at_ += word.size();
    return true;
  }

  [[nodiscard]] bool starts_word(std::string_view word) const {
    const std::size_t end = at_ + word.size();
    return std::string_view(text_).substr(at_).starts_with(word) &&
           (end == text_.size() || std::isalpha(byte(end)) == 0) &&
           (end == text_.size() || text_[end] != '(' || word == "not");
  }

  void skip_blanks() {
    while (at_ < text_.size() && std::isspace(byte(at_)) != 0) ++at_;
  }

  [[nodiscard]] unsigned char byte(std::size_t at) const {
    return static_cast<unsigned char>(text_[at]);
  }

  static std::string trimmed(std::string_view text) {
    constexpr std::string_view kBlanks = " \t\n";
    const std::size_t begin = text.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) return {};
    const std::size_t end = text.find_last_not_of(kBlanks);
    return std::string(text.substr(begin, end - begin + 1));
  }

  [[nodiscard]] tl::unexpected<base::Error> mistake(
      const std::string& message, const std::string& hint = {}) const {
    std::string shown =
        "\n    " + text_ + "\n    " + std::string(at_, ' ') + "^ " + message;
    if (!hint.empty()) shown += "; " + hint;
    return tl::make_unexpected(
        base::Error{"read the filter expression", {}, 0, shown});
  }

  static constexpr const char* kExample =
      "for example tag(cgo) & !image(*alpine*)";
  const std::string& text_;
  std::size_t at_ = 0;
};

bool glob_matches(const std::string& glob, const std::string& text) {
  return ::fnmatch(glob.c_str(), text.c_str(), 0) == 0;
}

bool any_matches(const std::string& glob,
                 const std::vector<std::string>& texts) {
  return std::any_of(texts.begin(), texts.end(), [&](const std::string& text) {
    return glob_matches(glob, text);
  });
}

bool fault_matches(const std::string& glob, const scenario::Scenario& s) {
  return std::any_of(s.faults.begin(), s.faults.end(), [&](const auto& fault) {
    return glob_matches(glob, fault.id) ||
           any_matches(glob, effect_keys(fault.effects));
  });
}

bool needs_match(const std::string& glob, const scenario::Needs& needs) {
  return std::any_of(
             needs.tools.begin(), needs.tools.end(),
             [&](const auto& t) { return glob_matches(glob, t.first); }) ||
         any_matches(glob, needs.features) || any_matches(glob, needs.arch) ||
         (!needs.libc.empty() && glob_matches(glob, needs.libc));
}

bool holds(const Node& node, const scenario::Scenario& s,
           const std::string& image) {
  switch (node.ask) {
    case Ask::Id:
      return glob_matches(node.glob, s.id);
    case Ask::Tag:
      return any_matches(node.glob, s.tags);
    case Ask::Fault:
      return fault_matches(node.glob, s);
    case Ask::Image:
      return glob_matches(node.glob, image);
    case Ask::Needs:
      return needs_match(node.glob, s.needs);
    case Ask::Weak:
      return s.weak();
    case Ask::All:
      return true;
  }
  return false;
}

bool evaluate(const Node& node, const scenario::Scenario& s,
              const std::string& image) {
  const auto part = [&](const NodePtr& p) { return evaluate(*p, s, image); };
  switch (node.kind) {
    case Node::Kind::Not:
      return !part(node.parts.front());
    case Node::Kind::And:
      return std::all_of(node.parts.begin(), node.parts.end(), part);
    case Node::Kind::Or:
      return std::any_of(node.parts.begin(), node.parts.end(), part);
    case Node::Kind::Ask:
      break;
  }
  const bool yes = holds(node, s, image);
  node.asked = true;
  node.held |= yes;
  return yes;
}

void collect_silent(const Node& node, std::vector<std::string>& texts) {
  for (const NodePtr& part : node.parts) collect_silent(*part, texts);
  const bool is_ask = node.kind == Node::Kind::Ask;
  if (is_ask && node.asked && !node.held) texts.push_back(node.text);
}

}  // namespace

base::Result<Filter> Filter::parse(const std::string& expression) {
  return Filter(DRIFTCAGE_TRY(Parser(expression).run()));
}

bool Filter::matches(const scenario::Scenario& scenario,
                     std::string_view image) const {
  return evaluate(*root_, scenario, std::string(image));
}

std::vector<std::string> Filter::never_held() const {
  std::vector<std::string> texts;
  collect_silent(*root_, texts);
  return texts;
}

std::vector<std::string> effect_keys(const scenario::Effects& effects) {
  std::vector<std::string> keys;
  const auto add = [&](bool set, const char* key) {
    if (set) keys.emplace_back(key);
  };
  const model::Limits none;
  add(!effects.env.empty(), "env");
  add(!effects.path.drop.empty(), "path.drop");
  add(!effects.path.prepend.empty(), "path.prepend");
  add(!effects.path.remove.empty(), "path.remove");
  add(effects.path.set.has_value(), "path.set");
  add(!effects.hide.empty(), "hide");
  add(!effects.files.empty(), "files");
  add(!effects.chmod.empty(), "chmod");
  add(!effects.truncate.empty(), "truncate");
  add(!effects.corrupt.empty(), "corrupt");
  add(!effects.mounts.empty(), "mount");
  add(!(effects.limits == none), "limit");
  add(effects.user.has_value(), "user");
  add(effects.umask.has_value(), "umask");
  add(effects.net.has_value(), "net");
  add(effects.proc.has_value(), "proc");
  add(!effects.drop_devices.empty(), "dev.drop");
  add(effects.clock_offset_s.has_value(), "clock");
  add(effects.cache.has_value(), "cache");
  add(!effects.setup.empty(), "setup");
  return keys;
}

}  // namespace driftcage::run
