// SPDX-License-Identifier: Apache-2.0
//
// By hand and without a regex library: this runs in driftcage-cell, where a
// secret must end before it is written anywhere.
#include "harness/base/redact.h"

#include <algorithm>
#include <array>

#include "harness/base/redact_line.h"

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
  static constexpr std::array<std::string_view, 6> kMore{
      "cookies", "pat", "pgpass", "sshpass", "passwords", "passphrases"};
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
// "Password for x=a b". A command line has signs of its own, an URL has others.
bool is_all_value(std::string_view name) {
  if (!is_secret_name(name) || name.find("://") != std::string_view::npos ||
      name.find_first_of(";&|<>()$`\"'\n?") != std::string_view::npos) {
    return false;
  }
  const std::size_t blank = name.find_last_of(" \t");
  return blank == std::string_view::npos ||
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
  return redact_text(redact_line(entry));
}

bool is_curl(std::string_view argument) {
  const std::string_view name =
      argument.substr(argument.find_last_of('/') + 1);  // npos + 1 is 0
  return name.starts_with("curl") || name == "wget";
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
// a password. Addresses of IPv6 have colons of their own, in brackets.
bool has_no_port(std::string_view authority) {
  if (authority.starts_with('[')) return false;
  const std::size_t colon = authority.find(':');
  return colon != std::string_view::npos &&
         authority.find('@') == std::string_view::npos &&
         authority.find_first_not_of("0123456789", colon + 1) !=
             std::string_view::npos;
}

// Where the word ends that an URL is in whose scheme ends before `at`: at a
// blank, or at the quote that stands before the URL.
std::size_t end_of_url(std::string_view text, std::size_t at) {
  std::size_t begin = at;
  while (begin > 0 && (is_word(text[begin - 1]) || text[begin - 1] == '+' ||
                       text[begin - 1] == '-' || text[begin - 1] == '.')) {
    --begin;
  }
  const char before = begin == 0 ? ' ' : text[begin - 1];
  const bool quoted = before == '"' || before == '\'';
  const std::string_view ends = quoted && before == '"' ? " \t\r\n\""
                                : quoted                ? " \t\r\n'"
                                                        : " \t\r\n";
  return std::min(text.find_first_of(ends, at), text.size());
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
      word_end = end_of_url(text, at);
      if (host >= word_end) continue;
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
  bool curl = false;  // it, or what sudo(8), env(1) and the like run
  std::string_view before;
  for (const std::string& argument : argv) {
    const bool option = argument.starts_with('-');
    std::size_t secret = std::string::npos;
    if (!option && takes_secret(before) &&
        before.find('=') == std::string_view::npos) {
      secret = 0;
    } else if (!is_secret_header(argument, secret)) {
      secret = curl ? secret_of_curl(before, argument) : std::string::npos;
    }
    result.push_back(secret == std::string::npos
                         ? redact_entry(argument)
                         : argument.substr(0, secret).append(kRedacted));
    curl |= is_curl(argument);
    before = argument;
  }
  return result;
}

}  // namespace driftcage::base
