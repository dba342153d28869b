// SPDX-License-Identifier: Apache-2.0
#include "harness/match/glob.h"

#include <re2/re2.h>

#include <bitset>
#include <cstdint>
#include <utility>

#include "harness/scenario/diagnostic.h"

namespace driftcage::match {

// A pattern is read once into pieces, from which both the cheap checks and the
// regular expression are made.
struct Glob::Piece {
  enum class Kind : std::uint8_t {
    Literal,
    Within,        // stays inside a component: * ? [..] {n} {hash}
    Any,           // **
    AnyDirectory,  // **/ at the start of a component
    Alternatives,  // the ( | ) of {a,b}
  };
  Kind kind = Kind::Literal;
  std::string text;  // literal bytes, or a regular expression

  [[nodiscard]] bool literal() const { return kind == Kind::Literal; }
};

namespace {

// Longer than PATH_MAX makes no sense and would only cost memory.
constexpr std::size_t kMaxPattern = 8192;

bool is_name_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') || c == '_';
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string regex_byte(unsigned value) {
  static constexpr char kHex[] = "0123456789abcdef";
  return {'\\', 'x', kHex[value >> 4], kHex[value & 15]};
}

}  // namespace

class Glob::Reader {
 public:
  Reader(std::string_view pattern, const Variables& variables)
      : pattern_(pattern), variables_(variables) {}

  base::Result<std::vector<Piece>> read() {
    if (pattern_.size() > kMaxPattern) return error("pattern is too long");
    while (at_ < pattern_.size()) DRIFTCAGE_CHECK_OK(step());
    if (depth_ != 0) return error("missing }");
    return std::move(pieces_);
  }

 private:
  [[nodiscard]] tl::unexpected<base::Error> error(
      std::string_view what, std::string_view hint = {}) const {
    return base::fail(what, pattern_, 0, hint);
  }

  void literal(std::string_view bytes) {
    if (pieces_.empty() || !pieces_.back().literal()) {
      pieces_.push_back({Piece::Kind::Literal, {}});
    }
    pieces_.back().text += bytes;
  }
  void regex(std::string text, Piece::Kind kind = Piece::Kind::Within) {
    pieces_.push_back({kind, std::move(text)});
  }

  [[nodiscard]] bool at_component_start() const {
    if (pieces_.empty()) return true;
    const Piece& last = pieces_.back();
    return last.literal() && last.text.back() == '/';
  }

  base::Status step() {
    const char c = pattern_[at_];
    switch (c) {
      case '*':
        return star();
      case '?':
        ++at_;
        regex("[^/]");
        return {};
      case '[':
        return byte_set();
      case '{':
        return brace();
      case '$':
        return variable();
      case '\\':
        return escape();
      case ',':
      case '}':
        if (depth_ > 0) {
          ++at_;
          regex(c == ',' ? "|" : ")", Piece::Kind::Alternatives);
          if (c == '}') --depth_;
          return {};
        }
        if (c == '}') return error("} without {", "write \\} for the byte");
        break;
      default:
        break;
    }
    ++at_;
    literal({&c, 1});
    return {};
  }

  base::Status star() {
    const bool starts = at_component_start();
    std::size_t stars = 0;
    while (at_ < pattern_.size() && pattern_[at_] == '*') ++stars, ++at_;
    if (stars == 1) {
      regex("[^/]*");
    } else if (starts && at_ < pattern_.size() && pattern_[at_] == '/') {
      ++at_;
      regex("(?:.*/)?", Piece::Kind::AnyDirectory);
    } else {
      regex(".*", Piece::Kind::Any);
    }
    return {};
  }

  base::Status byte_set() {
    std::size_t at = at_ + 1;
    bool negated = false;
    if (at < pattern_.size() && (pattern_[at] == '!' || pattern_[at] == '^')) {
      negated = true;
      ++at;
    }
    std::bitset<256> set;
    const std::size_t first = at;
    const auto byte = [this](std::size_t i) {
      return static_cast<unsigned char>(pattern_[i]);
    };
    // As in fnmatch(3), a bracket that comes first is an ordinary byte.
    while (at < pattern_.size() && (pattern_[at] != ']' || at == first)) {
      unsigned from = byte(at);
      unsigned to = from;
      if (at + 2 < pattern_.size() && pattern_[at + 1] == '-' &&
          pattern_[at + 2] != ']') {
        to = byte(at + 2);
        at += 2;
      }
      if (from > to) return error("empty range in [ ]");
      for (; from <= to; ++from) set.set(from);
      ++at;
    }
    if (at >= pattern_.size()) return error("missing ]");
    at_ = at + 1;
    if (negated) set.flip();
    set.reset('/');
    std::string text = "[";
    for (unsigned i = 0; i < 256; ++i) {
      if (set.test(i)) text += regex_byte(i);
    }
    if (text.size() == 1) return error("[ ] matches no byte");
    regex(text + "]");
    return {};
  }

  base::Status brace() {
    const std::size_t end = pattern_.find('}', at_);
    if (end == std::string_view::npos) return error("missing }");
    const std::string_view inside = pattern_.substr(at_ + 1, end - at_ - 1);
    if (inside == "n") {
      regex("[0-9]+");
    } else if (inside == "hash") {
      regex("[0-9a-f]{2,}(?:/[0-9a-f]{2,})?(?:-[ad])?");
    } else if (inside.find(',') != std::string_view::npos ||
               inside.find('{') != std::string_view::npos) {
      ++depth_;
      ++at_;
      regex("(?:", Piece::Kind::Alternatives);
      return {};
    } else {
      return error("unknown placeholder {" + std::string(inside) + "}",
                   "known: {hash}, {n} and alternatives {a,b}");
    }
    at_ = end + 1;
    return {};
  }

  base::Status variable() {
    std::size_t from = at_ + 1;
    const bool braced = from < pattern_.size() && pattern_[from] == '{';
    if (braced) ++from;
    std::size_t end = from;
    while (end < pattern_.size() && is_name_byte(pattern_[end])) ++end;
    const std::string name(pattern_.substr(from, end - from));
    if (braced && (end >= pattern_.size() || pattern_[end] != '}')) {
      return error("missing } after ${" + name);
    }
    if (name.empty()) {
      return error("$ without a name", "write \\$ for the byte");
    }
    const auto found = variables_.find(name);
    if (found == variables_.end()) {
      return error("unknown variable $" + name, known_hint(name));
    }
    std::string_view value = found->second;
    while (value.size() > 1 && value.back() == '/') value.remove_suffix(1);
    if (value.empty()) {
      return error("variable $" + name + " is empty in this image");
    }
    literal(value);
    at_ = end + (braced ? 1 : 0);
    return {};
  }

  [[nodiscard]] std::string known_hint(const std::string& name) const {
    std::vector<std::string> names;
    std::string all;
    for (const auto& [known, value] : variables_) {
      names.push_back(known);
      all += (all.empty() ? "$" : " $") + known;
    }
    const std::string near = scenario::nearest(name, names);
    if (!near.empty()) return "did you mean $" + near + "?";
    return all.empty() ? "no variable is known here" : "known: " + all;
  }

  base::Status escape() {
    if (at_ + 1 >= pattern_.size()) return error("pattern ends in a backslash");
    if (pattern_[at_ + 1] == 'x' && at_ + 3 < pattern_.size()) {
      const int high = hex_value(pattern_[at_ + 2]);
      const int low = hex_value(pattern_[at_ + 3]);
      if (high >= 0 && low >= 0) {
        const char byte = static_cast<char>(high * 16 + low);
        literal({&byte, 1});
        at_ += 4;
        return {};
      }
    }
    literal(pattern_.substr(at_ + 1, 1));
    at_ += 2;
    return {};
  }

  std::string_view pattern_;
  const Variables& variables_;
  std::size_t at_ = 0;
  unsigned depth_ = 0;
  std::vector<Piece> pieces_;
};

struct Glob::Regex {
  explicit Regex(const std::string& text, const RE2::Options& options)
      : re2(text, options) {}
  RE2 re2;
};

Glob::Glob() = default;
Glob::Glob(Glob&&) noexcept = default;
Glob& Glob::operator=(Glob&&) noexcept = default;
Glob::~Glob() = default;

// Finds the shape and what the cheap checks need.
void Glob::describe(const std::vector<Piece>& pieces) {
  using Kind = Piece::Kind;
  if (pieces.empty()) {
    shape_ = Shape::Exact;
    return;
  }
  bool crosses = false;
  bool alternatives = false;
  for (const Piece& piece : pieces) {
    crosses |= piece.kind == Kind::Any || piece.kind == Kind::AnyDirectory ||
               (piece.literal() && piece.text.find('/') != std::string::npos);
    alternatives |= piece.kind == Kind::Alternatives;
  }
  const Piece& first = pieces.front();
  const Piece& last = pieces.back();
  is_name_ = !crosses;
  is_anchored_ = first.literal() ? first.text.front() == '/'
                                 : first.kind == Kind::Any ||
                                       first.kind == Kind::AnyDirectory;
  const bool one = pieces.size() == 1;
  const bool tail = pieces.size() == 2 && first.kind == Kind::AnyDirectory;
  if (last.literal() && !alternatives) {
    const std::size_t at = last.text.rfind('/');
    if (at != std::string::npos) {
      base_ = last.text.substr(at + 1);
    } else if (one || tail) {
      base_ = last.text;
    }
  }
  if (one && first.literal()) {
    shape_ = Shape::Exact;
    prefix_ = first.text;
  } else if (one && first.kind == Kind::Any) {
    shape_ = Shape::All;
  } else if (tail && last.literal()) {
    shape_ = Shape::Tail;
    suffix_ = last.text;
  } else if (!alternatives) {
    if (first.literal()) prefix_ = first.text;
    if (last.literal()) suffix_ = last.text;
  }
}

base::Result<Glob> Glob::compile(std::string_view pattern,
                                 const Variables& variables) {
  const std::vector<Piece> pieces =
      DRIFTCAGE_TRY(Reader(pattern, variables).read());
  Glob glob;
  glob.describe(pieces);
  if (glob.shape_ != Shape::Regex) return glob;
  std::string text;
  for (const Piece& piece : pieces) {
    text += piece.literal() ? RE2::QuoteMeta(piece.text) : piece.text;
  }
  RE2::Options options;
  options.set_encoding(RE2::Options::EncodingLatin1);
  options.set_dot_nl(true);
  options.set_log_errors(false);
  options.set_never_capture(true);
  glob.regex_ = std::make_unique<Regex>(text, options);
  if (!glob.regex_->re2.ok()) {
    return base::fail("pattern cannot be compiled", pattern, 0,
                      glob.regex_->re2.error());
  }
  return glob;
}

bool Glob::matches(std::string_view text) const {
  switch (shape_) {
    case Shape::Exact:
      return text == prefix_;
    case Shape::All:
      return true;
    case Shape::Tail:
      return text.ends_with(suffix_) &&
             (text.size() == suffix_.size() ||
              text[text.size() - suffix_.size() - 1] == '/');
    case Shape::Regex:
      break;
  }
  if (!text.starts_with(prefix_) || !text.ends_with(suffix_)) return false;
  return RE2::FullMatch(re2::StringPiece(text.data(), text.size()),
                        regex_->re2);
}

}  // namespace driftcage::match
