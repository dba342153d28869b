// SPDX-License-Identifier: Apache-2.0
#include "harness/base/redact_line.h"

#include <algorithm>

#include "harness/base/redact.h"

namespace driftcage::base {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

bool is_name(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
         (c >= '0' && c <= '9') || c == '_' || c == '-';
}

bool is_quote(char c) { return c == '"' || c == '\''; }

bool is_blank(char c) { return kBlanks.find(c) != std::string_view::npos; }

// Where the name begins that ends before `end`, not before `least`.
std::size_t begin_of_name(std::string_view text, std::size_t end,
                          std::size_t least) {
  while (end > least && is_name(text[end - 1])) --end;
  return end;
}

// The end of "$(...)" or "${...}" whose '$' is at `at`, however nested.
std::size_t end_of_substitution(std::string_view text, std::size_t at) {
  const char open = text[at + 1];
  const char close = open == '(' ? ')' : '}';
  std::size_t depth = 0;
  for (++at; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == open) {
      ++depth;
    } else if (text[at] == close && --depth == 0) {
      return at + 1;
    }
  }
  return text.size();
}

bool is_substitution(std::string_view text, std::size_t at) {
  return text[at] == '$' && at + 1 < text.size() &&
         (text[at + 1] == '(' || text[at + 1] == '{');
}

// Behind the quote that ends what begins behind the one at `at`.
std::size_t end_of_quotes(std::string_view text, std::size_t at) {
  const char quote = text[at];
  const bool escapes = quote != '\'' || (at > 0 && text[at - 1] == '$');
  for (++at; at < text.size() && text[at] != quote;) {
    if (escapes && text[at] == '\\') {
      at += 2;
    } else if (quote == '"' && is_substitution(text, at)) {
      at = end_of_substitution(text, at);
    } else {
      ++at;
    }
  }
  return at + 1;
}

// The end of a shell's word that begins at `at`, quoted pieces and all.
std::size_t end_of_word(std::string_view text, std::size_t at) {
  constexpr std::string_view kEnds = " \t\r\n;&|<>()";
  while (at < text.size() && kEnds.find(text[at]) == std::string_view::npos) {
    switch (text[at]) {
      case '"':
      case '\'':
      case '`':
        at = end_of_quotes(text, at);
        break;
      case '\\':
        at += 2;
        break;
      default:
        at = is_substitution(text, at) ? end_of_substitution(text, at) : at + 1;
    }
  }
  return std::min(at, text.size());
}

// Behind blanks and line ends that a backslash hides.
std::size_t skip_blanks(std::string_view text, std::size_t at) {
  while (at < text.size() &&
         (is_blank(text[at]) || text.substr(at, 2) == "\\\n")) {
    at += text[at] == '\\' ? 2 : 1;
  }
  return at;
}

// What of the word at `value`, which follows the word `before`, is a secret.
// Nothing: npos.
std::size_t secret_after(std::string_view text, std::string_view before,
                         std::size_t value, bool curl) {
  if (value >= text.size()) return std::string_view::npos;
  if (text[value] != '-' && takes_secret(before)) return value;
  if (!curl || (!before.starts_with('-') && text[value] != '-'))
    return std::string_view::npos;
  const std::size_t secret = secret_of_curl(
      before, text.substr(value, end_of_word(text, value) - value));
  return secret == std::string_view::npos ? secret : value + secret;
}

// Assignments, options with their values, logins and cookies.
std::string redact_words(std::string_view text) {
  const bool curl = text.find("curl") != std::string_view::npos ||
                    text.find("wget") != std::string_view::npos;
  std::string result;
  std::size_t done = 0;
  for (std::size_t at = text.find_first_of("= "); at != std::string_view::npos;
       at = text.find_first_of("= ", at + 1)) {
    const bool assigns = text[at] == '=';
    const std::size_t name_end =
        at > done && assigns && text[at - 1] == '+' ? at - 1 : at;
    const std::size_t name = begin_of_name(text, name_end, done);
    const std::string_view word = text.substr(name, name_end - name);
    std::size_t secret = std::string_view::npos;
    std::size_t end = 0;
    if (assigns && is_secret_name(word)) {
      secret = at + 1;
      end = end_of_word(text, secret);
    } else if (!assigns) {
      const std::size_t value = skip_blanks(text, at);
      secret = secret_after(text, word, value, curl);
      if (secret != std::string_view::npos) end = end_of_word(text, value);
    }
    if (secret == std::string_view::npos || secret >= end) continue;
    result.append(text.substr(done, secret - done)).append(kRedacted);
    done = end;
    at = end - 1;
  }
  return result.append(text.substr(done));
}

// The end of what is quoted from `at` on. Where the quotes themselves are
// escaped, as those of JSON in a shell's word, so is the one that ends it.
std::size_t end_of_quoted(std::string_view text, std::size_t at, char quote,
                          bool escaped) {
  while (at < text.size() && text[at] != quote) {
    const bool pair = text[at] == '\\' && at + 1 < text.size();
    if (pair && escaped && text[at + 1] == quote) return at;
    at += pair && quote == '"' ? 2 : 1;
  }
  return std::min(at, text.size());
}

// The end of the list or object that begins at `at`.
std::size_t end_of_nested(std::string_view text, std::size_t at, bool escaped) {
  std::size_t depth = 0;
  for (; at < text.size(); ++at) {
    switch (text[at]) {
      case '"':
        at = end_of_quoted(text, at + 1, '"', escaped) + (escaped ? 1 : 0);
        break;
      case '[':
      case '{':
        ++depth;
        break;
      case ']':
      case '}':
        if (--depth == 0) return at + 1;
        break;
      default:
        break;
    }
  }
  return text.size();
}

struct Range {
  std::size_t begin = 0;
  std::size_t end = 0;
};

// A value of JSON at `at`, without its quotes.
Range json_value(std::string_view text, std::size_t at, bool escaped) {
  at = std::min(text.find_first_not_of(kBlanks, at), text.size());
  if (escaped && text.substr(at).starts_with('\\')) ++at;
  if (at == text.size()) return {at, at};
  if (is_quote(text[at]))
    return {at + 1, end_of_quoted(text, at + 1, text[at], escaped)};
  if (text[at] == '[' || text[at] == '{')
    return {at, end_of_nested(text, at, escaped)};
  return {at, std::min(text.find_first_of(",]} \t\r\n", at), text.size())};
}

// What of the text around the colon at `colon` is a secret: "name": "value" as
// JSON has it, or 'Name: value' as a header is quoted for a shell. Empty when
// nothing is.
Range secret_field(std::string_view text, std::size_t colon,
                   std::size_t least) {
  std::size_t end = colon;
  while (end > least && is_blank(text[end - 1])) --end;
  const bool quoted = end > least && is_quote(text[end - 1]);
  bool escaped = false;
  if (quoted) {
    --end;
    escaped = end > least && text[end - 1] == '\\';
    if (escaped) --end;
  } else {
    end = colon;
  }
  const std::size_t name = begin_of_name(text, end, least);
  if (name == end || name == least || !is_quote(text[name - 1]) ||
      !is_secret_name(text.substr(name, end - name))) {
    return {};
  }
  if (quoted) return json_value(text, colon + 1, escaped);
  const std::size_t value =
      std::min(text.find_first_not_of(' ', colon + 1), text.size());
  return {value, end_of_quoted(text, value, text[name - 1], false)};
}

std::string redact_fields(std::string_view text) {
  std::string result;
  std::size_t done = 0;
  for (std::size_t at = text.find(':'); at != std::string_view::npos;
       at = text.find(':', at + 1)) {
    const Range secret = secret_field(text, at, done);
    if (secret.begin >= secret.end) continue;
    result.append(text.substr(done, secret.begin - done)).append(kRedacted);
    done = secret.end;
    at = done - 1;
  }
  return result.append(text.substr(done));
}

}  // namespace

bool takes_secret(std::string_view option) {
  return option.starts_with('-') && !option.ends_with("-stdin") &&
         !option.starts_with("--no-") && !option.starts_with("--ask-") &&
         is_secret_name(option);
}

bool takes_login(std::string_view option) {
  return option == "--user" || option == "--proxy-user" ||
         (option.size() > 1 && option[0] == '-' && option[1] != '-' &&
          (option.ends_with('u') || option.ends_with('U')));
}

bool takes_cookies(std::string_view option) {
  return option.size() > 1 && option[0] == '-' && option[1] != '-' &&
         option.ends_with('b');
}

bool is_cookies(std::string_view cookies) {
  const std::size_t equals = cookies.find('=');
  return equals != std::string_view::npos && !cookies.starts_with('-') &&
         cookies.substr(0, equals).find("://") == std::string_view::npos;
}

std::size_t secret_of_curl(std::string_view before, std::string_view argument) {
  std::size_t skip = 0;
  if (argument.starts_with("-b") && is_cookies(argument.substr(2))) return 2;
  if (argument.starts_with("--user=") ||
      argument.starts_with("--proxy-user=")) {
    skip = argument.find('=') + 1;
  } else if (argument.starts_with("-u") || argument.starts_with("-U")) {
    skip = 2;
  } else if (takes_cookies(before) && is_cookies(argument)) {
    return 0;
  } else if (!takes_login(before)) {
    return std::string_view::npos;
  }
  const std::size_t word = login_word(argument.substr(skip));
  return word == std::string_view::npos ? word : skip + word;
}

std::size_t login_word(std::string_view argument) {
  const std::size_t colon = argument.find(':');
  const bool login = colon != std::string_view::npos &&
                     argument.substr(colon).find_first_not_of("0123456789:") !=
                         std::string_view::npos &&
                     !argument.substr(colon).starts_with("://");
  return login ? colon + 1 : std::string_view::npos;
}

std::string redact_line(std::string_view line) {
  return redact_words(redact_fields(line));
}

}  // namespace driftcage::base
