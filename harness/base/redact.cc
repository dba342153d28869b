// SPDX-License-Identifier: Apache-2.0
//
// By hand and without a regex library: this runs in driftcage-cell, where a
// secret must end before it is written anywhere.
#include "harness/base/redact.h"

#include <algorithm>
#include <array>

namespace driftcage::base {
namespace {

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return is_upper(c) || is_lower(c); }
bool is_word(char c) { return is_letter(c) || is_digit(c); }

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& list,
               std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

// One word of a name, as it is written.
bool is_secret_word(std::string_view word) {
  static constexpr std::array<std::string_view, 28> kWords{
      "pass",       "password",      "passwd",      "passphrase",  "pw",
      "pwd",        "secret",        "secrets",     "token",       "tokens",
      "key",        "keys",          "apikey",      "apikeys",     "accesskey",
      "accesskeys", "privatekey",    "privatekeys", "secretkey",   "secretkeys",
      "signingkey", "encryptionkey", "credential",  "credentials", "creds",
      "auth",       "authorization", "cookie"};
  static constexpr std::array<std::string_view, 4> kMore{"cookies", "pat",
                                                         "pgpass", "sshpass"};
  static constexpr std::array<std::string_view, 5> kEnds{
      "apikey", "password", "passwd", "secret", "token"};
  static constexpr std::array<std::string_view, 7> kCamelEnds{
      "Password", "Passwd",     "Secret",     "Token",
      "Key",      "Credential", "Credentials"};
  std::string lower(word);
  for (char& c : lower) {
    if (is_upper(c)) c = static_cast<char>(c - 'A' + 'a');
  }
  if (is_one_of(kWords, lower) || is_one_of(kMore, lower)) return true;
  // DBPASSWORD has no separator; MONKEY and SECRETARY are no secrets.
  for (const std::string_view end : kEnds) {
    if (std::string_view(lower).ends_with(end)) return true;
  }
  return std::any_of(kCamelEnds.begin(), kCamelEnds.end(),
                     [word](std::string_view end) {
                       if (!word.ends_with(end) || word.size() == end.size())
                         return false;
                       const char before = word[word.size() - end.size() - 1];
                       return is_lower(before) || is_digit(before);
                     });
}

bool is_name(char c) { return is_word(c) || c == '_' || c == '-'; }

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

// Assignments, and options with their values, in a shell's command line.
std::string redact_assignments(std::string_view text) {
  std::string result;
  std::size_t done = 0;
  for (std::size_t at = text.find_first_of("= "); at != std::string_view::npos;
       at = text.find_first_of("= ", at + 1)) {
    const std::size_t name_end =
        at > done && text[at] == '=' && text[at - 1] == '+' ? at - 1 : at;
    std::size_t name = name_end;
    while (name > done && is_name(text[name - 1])) --name;
    const std::string_view word = text.substr(name, name_end - name);
    const bool option = word.starts_with("--");
    if ((text[at] == ' ' && !option) || !is_secret_name(word)) continue;
    const std::size_t end = end_of_word(text, at + 1);
    if (end == at + 1 || (text[at] == ' ' && text[at + 1] == '-')) continue;
    result.append(text.substr(done, at + 1 - done)).append(kRedacted);
    done = end;
    at = end - 1;
  }
  return result.append(text.substr(done));
}

bool is_quote(char c) { return c == '"' || c == '\''; }

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

// "name": "value" as JSON has it, and 'Name: value' as a header is quoted for a
// shell.
std::string redact_fields(std::string_view text) {
  std::string result;
  std::size_t done = 0;
  for (std::size_t at = text.find(':'); at != std::string_view::npos;
       at = text.find(':', at + 1)) {
    std::size_t name_end = at;
    bool escaped = false;
    const bool quoted = at > done && is_quote(text[at - 1]);
    if (quoted) {
      --name_end;
      escaped = name_end > done && text[name_end - 1] == '\\';
      if (escaped) --name_end;
    }
    std::size_t name = name_end;
    while (name > done && is_name(text[name - 1])) --name;
    if (name == name_end || name == done || !is_quote(text[name - 1]) ||
        !is_secret_name(text.substr(name, name_end - name))) {
      continue;
    }
    std::size_t value =
        std::min(text.find_first_not_of(' ', at + 1), text.size());
    std::size_t end = value;
    if (!quoted) {
      end = end_of_quoted(text, value, text[name - 1], false);
    } else {
      if (escaped && text.substr(value).starts_with('\\')) ++value;
      if (value < text.size() && is_quote(text[value])) {
        end = end_of_quoted(text, value + 1, text[value], escaped);
        ++value;
      } else {
        end = std::min(text.find_first_of(",]} \t\r\n", value), text.size());
      }
    }
    if (end == value) continue;
    result.append(text.substr(done, value - done)).append(kRedacted);
    done = end;
    at = end - 1;
  }
  return result.append(text.substr(done));
}

// "name:word", as it is given to curl -u; a user's and a group's number are
// none.
bool is_login(std::string_view option, std::string_view argument) {
  static constexpr std::array<std::string_view, 4> kOptions{
      "-u", "--user", "-U", "--proxy-user"};
  const std::size_t colon = argument.find(':');
  return is_one_of(kOptions, option) && colon != std::string_view::npos &&
         argument.find_first_not_of("0123456789", colon + 1) !=
             std::string_view::npos;
}

// "Authorization: Bearer x", as it is given to curl -H.
bool is_secret_header(std::string_view argument, std::size_t& value_at) {
  static constexpr std::array<std::string_view, 6> kTight{
      "authorization", "proxy-authorization", "cookie",
      "private-token", "x-api-key",           "x-auth-token"};
  const std::size_t colon = argument.find(':');
  if (colon == std::string_view::npos) return false;
  std::string name(argument.substr(0, colon));
  if (name.starts_with("-H")) name.erase(0, 2);
  for (char& c : name) {
    if (is_upper(c)) c = static_cast<char>(c - 'A' + 'a');
  }
  value_at = argument.find_first_not_of(' ', colon + 1);
  // Without a space it may be a host and its port, or an image and its tag.
  return value_at < argument.size() &&
         (value_at > colon + 1 || is_one_of(kTight, name)) &&
         std::all_of(name.begin(), name.end(), is_name) && is_secret_name(name);
}

// Whether all that follows is one value: "--password=a b", and texts such as
// "Password for x=a b". A command line has signs of its own, an URL a colon.
bool is_all_value(std::string_view name) {
  if (!is_secret_name(name)) return false;
  const std::size_t blank = name.find_last_of(" \t");
  if (blank == std::string_view::npos)
    return std::all_of(name.begin(), name.end(), is_name);
  return name.find_first_of(";&|<>()$`\"'\n:") == std::string_view::npos &&
         !is_secret_name(name.substr(blank + 1));
}

std::string redact_entry(const std::string& entry) {
  const std::size_t equals = entry.find('=');
  if (equals != std::string::npos && equals + 1 < entry.size()) {
    std::size_t value_at = 0;
    if (is_all_value(std::string_view(entry).substr(0, equals)))
      return entry.substr(0, equals + 1).append(kRedacted);
    const std::string_view value = std::string_view(entry).substr(equals + 1);
    if (is_secret_header(value, value_at)) {
      return redact_text(entry.substr(0, equals + 1 + value_at))
          .append(kRedacted);
    }
  }
  return redact_text(redact_assignments(redact_fields(entry)));
}

// The scheme of an URL that ends before `at`. A path that was made absolute has
// one slash less, and may have a colon for other reasons: then it must be a
// well-known one, or `user` have a password.
bool is_scheme(std::string_view text, std::size_t at, bool whole,
               std::string_view user) {
  if (whole) return at > 0 && is_word(text[at - 1]);
  static constexpr std::array<std::string_view, 6> kSchemes{
      "http", "https", "ftp", "ssh", "git", "svn"};
  const std::string_view before = text.substr(0, at);
  const std::size_t start = before.find_last_of("/+ ") + 1;  // npos + 1 is 0
  const std::string_view scheme = before.substr(start);
  return is_one_of(kSchemes, scheme) ||
         (user.find(':') != std::string_view::npos && scheme.size() > 1 &&
          std::all_of(scheme.begin(), scheme.end(),
                      [](char c) { return is_word(c) || c == '-'; }));
}

// Whether what follows the colon cannot be a port: then it is the beginning of
// a password.
bool has_no_port(std::string_view authority) {
  const std::size_t colon = authority.find(':');
  return colon != std::string_view::npos &&
         authority.find('@') == std::string_view::npos &&
         authority.find_first_not_of("0123456789", colon + 1) !=
             std::string_view::npos;
}

}  // namespace

bool is_secret_name(std::string_view name) {
  // The working directories of shells.
  if (name == "PWD" || name == "OLDPWD") return false;
  std::size_t at = 0;
  while (at < name.size()) {
    if (!is_word(name[at])) {
      ++at;
      continue;
    }
    std::size_t end = at;
    while (end < name.size() && is_word(name[end])) ++end;
    if (is_secret_word(name.substr(at, end - at))) return true;
    at = end;
  }
  return false;
}

std::string redact_text(std::string_view text) {
  constexpr std::string_view kEnds = " \t\r\n\"'<>|\\";
  std::string result;
  std::size_t done = 0;
  // Of the word that `host` is in: its end, and the last @ in it.
  std::size_t word_end = 0;
  std::size_t word_sign = std::string_view::npos;
  for (std::size_t at = text.find(":/"); at != std::string_view::npos;
       at = text.find(":/", at + 2)) {
    const bool whole = text.substr(at + 2).starts_with('/');
    const std::size_t host = at + (whole ? 3 : 2);
    if (host >= word_end) {
      word_end = std::min(text.find_first_of(kEnds, host), text.size());
      word_sign = text.substr(host, word_end - host).rfind('@');
      if (word_sign != std::string_view::npos) word_sign += host;
    }
    // Nothing to hide, and nothing to look for again in a long word.
    if (word_sign == std::string_view::npos || word_sign < host) continue;
    const std::size_t end = std::min(text.find_first_of("/?#", host), word_end);
    const std::string_view authority = text.substr(host, end - host);
    // The last one: a password may have one itself, and other signs that
    // should have been escaped.
    const std::size_t sign =
        has_no_port(authority) ? word_sign - host : authority.rfind('@');
    if (sign == std::string_view::npos || sign == 0 ||
        !is_scheme(text, at, whole, text.substr(host, sign))) {
      continue;
    }
    result.append(text.substr(done, host - done)).append(kRedacted);
    done = host + sign;
    at = done;
  }
  return result.append(text.substr(done));
}

std::vector<std::string> redact_environment(
    const std::vector<std::string>& environment) {
  std::vector<std::string> result;
  result.reserve(environment.size());
  for (const std::string& entry : environment) {
    result.push_back(redact_entry(entry));
  }
  return result;
}

std::vector<std::string> redact_arguments(
    const std::vector<std::string>& argv) {
  std::vector<std::string> result;
  result.reserve(argv.size());
  bool next_is_secret = false;
  std::string_view before;
  for (const std::string& argument : argv) {
    const bool option = argument.starts_with('-');
    std::size_t value_at = 0;
    if (next_is_secret && !option) {
      result.emplace_back(kRedacted);
    } else if (is_login(before, argument)) {
      result.push_back(
          argument.substr(0, argument.find(':') + 1).append(kRedacted));
    } else if (is_secret_header(argument, value_at)) {
      result.push_back(argument.substr(0, value_at).append(kRedacted));
    } else {
      result.push_back(redact_entry(argument));
    }
    next_is_secret = option && argument.find('=') == std::string::npos &&
                     is_secret_name(argument);
    before = argument;
  }
  return result;
}

}  // namespace driftcage::base
