// SPDX-License-Identifier: Apache-2.0
#include "harness/scenario/event_parts.h"

#include <fmt/format.h>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "harness/base/result.h"
#include "harness/model/event.h"
#include "harness/scenario/diagnostic.h"
#include "harness/scenario/variables.h"

namespace driftcage::scenario {
namespace {

using model::Cause;
using model::ResultPattern;
using model::Verb;

tl::unexpected<TextMistake> mistake(std::size_t offset, std::size_t length,
                                    std::string message,
                                    std::string hint = {}) {
  return tl::make_unexpected(
      TextMistake{offset, length, std::move(message), std::move(hint)});
}

std::string did_you_mean(std::string_view name,
                         const std::vector<std::string>& names,
                         std::string otherwise) {
  const std::string near = nearest(name, names);
  return near.empty() ? std::move(otherwise)
                      : fmt::format("did you mean \"{}\"?", near);
}

// The causes that an event line may name; `injected` is driftcage's own doing
// and `none` is taken by lookups that found nothing.
std::vector<std::string> cause_names() {
  std::vector<std::string> names;
  for (auto cause = Cause::Missing; cause != Cause::Injected;
       cause = static_cast<Cause>(static_cast<int>(cause) + 1)) {
    names.emplace_back(model::cause_name(cause));
  }
  return names;
}

std::vector<std::string> result_names() {
  std::vector<std::string> names = cause_names();
  names.insert(names.end(), {"ok", "fail", "none"});
  std::size_t size = 0;
  const auto* table = base::errno_table(&size);
  for (std::size_t i = 0; i < size; ++i) names.emplace_back(table[i].first);
  return names;
}

Parsed<std::uint64_t> parse_number(std::string_view text, std::size_t from) {
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (text.empty() || error != std::errc{} || rest != end) {
    return mistake(from, text.empty() ? 1 : text.size(),
                   "a count needs a whole number",
                   "counts are x2, x>=2, x<=2 and x2..5");
  }
  return number;
}

// Only the kernel's loading of a program can fail for these causes.
bool is_exec_cause(Cause cause) {
  return cause == Cause::NoLoader || cause == Cause::NoInterpreter ||
         cause == Cause::NotElf || cause == Cause::WrongArch ||
         cause == Cause::NoExecute;
}

bool is_load_cause(Cause cause) {
  return cause == Cause::NotElf || cause == Cause::WrongArch;
}

bool is_search(const model::EventLine& line) {
  return line.verb == Verb::Lookup || line.verb == Verb::Load;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

// Quotes a word that would not be read back as one.
std::string word(std::string_view text) {
  const bool bare = !text.empty() && text != "=" && text.front() != '"' &&
                    text.find_first_of(" \t\r\n") == std::string_view::npos;
  return bare ? std::string(text) : quoted(text);
}

}  // namespace

std::vector<std::string> verb_names() {
  std::vector<std::string> names;
  for (int verb = 0; verb <= static_cast<int>(Verb::Load); ++verb) {
    names.emplace_back(model::verb_name(static_cast<Verb>(verb)));
  }
  names.emplace_back("any");
  return names;
}

Parsed<std::optional<Verb>> parse_verb(std::string_view text) {
  if (text == "any") return std::optional<Verb>{};
  const auto verb = model::verb_from_name(text);
  if (verb) return std::optional<Verb>(*verb);
  std::string hint;
  // A call's own name is what people know from strace.
  if (const auto call = model::syscall_from_name(text)) {
    if (const auto family = model::verb_of(*call)) {
      hint =
          fmt::format("{} belongs to \"{}\"", text, model::verb_name(*family));
    }
  }
  if (hint.empty()) {
    hint = did_you_mean(
        text, verb_names(),
        fmt::format("verbs are {}", fmt::join(verb_names(), ", ")));
  }
  return mistake(0, text.size(), fmt::format("unknown verb \"{}\"", text),
                 std::move(hint));
}

Parsed<ResultPattern> parse_result(std::string_view text) {
  ResultPattern result;
  if (text == "ok") {
    result.kind = ResultPattern::Kind::Ok;
  } else if (text == "fail") {
    result.kind = ResultPattern::Kind::Fail;
  } else if (text == "none") {
    result.kind = ResultPattern::Kind::None;
  } else if (const int err = base::errno_number(text); err != 0) {
    result.kind = ResultPattern::Kind::Errno;
    result.err = err;
  } else if (const auto cause = model::cause_from_name(text)) {
    result.kind = ResultPattern::Kind::Cause;
    result.cause = *cause;
  } else {
    return mistake(0, text.size(), fmt::format("unknown result \"{}\"", text),
                   did_you_mean(text, result_names(),
                                "results are ok, fail, none, an errno name, "
                                "or a cause such as no-loader"));
  }
  return result;
}

Parsed<model::CountRange> parse_count(std::string_view text) {
  model::CountRange range;
  if (text.starts_with(">=")) {
    const auto min = parse_number(text.substr(2), 2);
    if (!min) return tl::make_unexpected(min.error());
    range.min = *min;
  } else if (text.starts_with("<=")) {
    const auto max = parse_number(text.substr(2), 2);
    if (!max) return tl::make_unexpected(max.error());
    range.min = 0;
    range.max = *max;
  } else if (const auto dots = text.find(".."); dots != text.npos) {
    const auto min = parse_number(text.substr(0, dots), 0);
    if (!min) return tl::make_unexpected(min.error());
    const auto max = parse_number(text.substr(dots + 2), dots + 2);
    if (!max) return tl::make_unexpected(max.error());
    range.min = *min;
    range.max = *max;
    if (range.min > range.max) {
      return mistake(0, text.size(), "the count's range is empty");
    }
  } else {
    const auto exact = parse_number(text, 0);
    if (!exact) return tl::make_unexpected(exact.error());
    range.min = range.max = *exact;
  }
  if (range.min == 0 &&
      range.max == std::numeric_limits<std::uint64_t>::max()) {
    return mistake(0, text.size(), "every count is at least 0",
                   "leave the count out to ask for at least one");
  }
  return range;
}

namespace {

// Reads a glob as harness/match compiles it, without values.
class GlobChecker {
 public:
  explicit GlobChecker(std::string_view text) : text_(text) {}

  std::optional<TextMistake> check() {
    while (at_ < text_.size() && !mistake_) step();
    if (!mistake_ && !open_.empty()) {
      report(open_.back(), 1, "missing }", "write \\{ for the byte");
    }
    return std::move(mistake_);
  }

 private:
  void report(std::size_t at, std::size_t length, std::string message,
              std::string hint = {}) {
    mistake_ = TextMistake{at, length, std::move(message), std::move(hint)};
  }

  void step() {
    switch (text_[at_]) {
      case '\\':
        if (at_ + 1 == text_.size()) {
          return report(at_, 1, "the glob ends in a backslash");
        }
        at_ += 2;
        return;
      case '[':
        return byte_set();
      case '{':
        return brace();
      case '}':
        if (open_.empty()) {
          return report(at_, 1, "} without {", "write \\} for the byte");
        }
        open_.pop_back();
        break;
      case '$':
        return variable();
      default:
        break;
    }
    ++at_;
  }

  void byte_set() {
    std::size_t at = at_ + 1;
    const bool negated =
        at < text_.size() && (text_[at] == '!' || text_[at] == '^');
    if (negated) ++at;
    const std::size_t first = at;
    bool useful = negated;
    while (at < text_.size() && (text_[at] != ']' || at == first)) {
      const auto from = static_cast<unsigned char>(text_[at]);
      auto to = from;
      if (at + 2 < text_.size() && text_[at + 1] == '-' &&
          text_[at + 2] != ']') {
        to = static_cast<unsigned char>(text_[at + 2]);
        at += 2;
      }
      if (from > to) {
        return report(at - 2, 3, "the range in [ ] is empty");
      }
      useful |= from != '/' || to != '/';
      ++at;
    }
    if (at >= text_.size()) {
      return report(at_, 1, "missing ]", "write \\[ for the byte");
    }
    if (!useful) {
      return report(at_, at + 1 - at_, "[ ] never matches a slash");
    }
    at_ = at + 1;
  }

  void brace() {
    const std::size_t end = text_.find('}', at_);
    if (end == std::string_view::npos) {
      return report(at_, 1, "missing }", "write \\{ for the byte");
    }
    const std::string_view inside = text_.substr(at_ + 1, end - at_ - 1);
    if (inside == "n" || inside == "hash") {
      at_ = end + 1;
    } else if (inside.find_first_of(",{") != std::string_view::npos) {
      open_.push_back(at_++);
    } else {
      report(at_, end + 1 - at_,
             fmt::format("unknown placeholder {{{}}}", inside),
             "known are {hash} for a cache name, {n} for a number, and {a,b} "
             "for alternatives");
    }
  }

  void variable() {
    const auto uses = variable_uses(text_.substr(at_));
    if (uses.empty() || uses.front().offset != 0) {
      return report(at_, 1, "$ without a name", "write \\$ for the byte");
    }
    const std::size_t length = uses.front().length;
    if (auto unknown = check_variables(text_.substr(at_, length))) {
      const bool near = unknown->hint.starts_with("did you mean");
      return report(at_, length, unknown->message,
                    near ? unknown->hint : "write \\$ for the byte");
    }
    at_ += length;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<std::size_t> open_;
  std::optional<TextMistake> mistake_;
};

}  // namespace

std::optional<TextMistake> check_glob(std::string_view text) {
  if (text.empty()) return TextMistake{0, 1, "the glob is empty", {}};
  if (const auto nul = text.find('\0'); nul != text.npos) {
    return TextMistake{nul, 1, "a path cannot hold a NUL byte", {}};
  }
  if (text.size() > 1 && text.ends_with('/')) {
    return TextMistake{
        text.size() - 1, 1, "an event's path has no slash at its end", {}};
  }
  return GlobChecker(text).check();
}

std::optional<PartMistake> check_parts(const model::EventLine& line) {
  using Result = ResultPattern::Kind;
  if (is_search(line)) {
    // A variable may hold a path, but then the line names no program either.
    if (const auto slash = line.subject.find('/');
        slash != std::string::npos && !line.subject.starts_with("**/")) {
      return PartMistake{EventPart::Subject,
                         {slash, 1,
                          fmt::format("{} looks for a name, not for a path",
                                      model::verb_name(*line.verb)),
                          "use exec, open or stat for paths"}};
    }
  } else if (line.result.kind == Result::None && line.verb) {
    return PartMistake{EventPart::Result,
                       {0, 4,
                        fmt::format("only lookup and load can find none; {} "
                                    "fails with an errno",
                                    model::verb_name(*line.verb)),
                        "did you mean \"fail\" or \"ENOENT\"?"}};
  }
  if (line.result.kind == Result::Cause && is_exec_cause(line.result.cause) &&
      line.verb && line.verb != Verb::Exec && line.verb != Verb::Lookup &&
      !(line.verb == Verb::Load && is_load_cause(line.result.cause))) {
    const auto name = model::cause_name(line.result.cause);
    return PartMistake{
        EventPart::Result,
        {0, name.size(), fmt::format("only exec can fail with {}", name), {}}};
  }
  return std::nullopt;
}

std::string spell(const model::EventLine& line) {
  using Result = ResultPattern::Kind;
  std::string text(line.verb ? model::verb_name(*line.verb) : "any");
  text += ' ' + word(line.subject);
  switch (line.result.kind) {
    case Result::Any:
      break;
    case Result::Ok:
      text += " = ok";
      break;
    case Result::Fail:
      text += " = fail";
      break;
    case Result::None:
      text += " = none";
      break;
    case Result::Errno:
      text += " = " + base::errno_name(line.result.err);
      break;
    case Result::Cause:
      text += fmt::format(" = {}", model::cause_name(line.result.cause));
      break;
  }
  if (!line.by.empty()) text += " by " + word(line.by);
  constexpr auto kNoMax = std::numeric_limits<std::uint64_t>::max();
  const auto [min, max] = line.count;
  if (min == max) {
    text += fmt::format(" x{}", min);
  } else if (max == kNoMax) {
    if (min != 1) text += fmt::format(" x>={}", min);
  } else if (min == 0) {
    text += fmt::format(" x<={}", max);
  } else {
    text += fmt::format(" x{}..{}", min, max);
  }
  return text;
}

}  // namespace driftcage::scenario
