// SPDX-License-Identifier: Apache-2.0
#include "harness/report/redact.h"

#include <re2/re2.h>

namespace driftcage::report {
namespace {

re2::StringPiece piece(std::string_view text) {
  return {text.data(), text.size()};
}

std::string redact_entry(const std::string& entry) {
  const std::size_t equals = entry.find('=');
  if (equals != std::string::npos && equals + 1 < entry.size() &&
      is_secret_name(std::string_view(entry).substr(0, equals))) {
    return entry.substr(0, equals + 1).append(kRedacted);
  }
  return redact_text(entry);
}

}  // namespace

bool is_secret_name(std::string_view name) {
  // Words of a name are separated as in API_TOKEN, --api-key and apiKey; a
  // name like MONKEY or KEYBOARD is none.
  static const RE2 kSecret(
      "(?:^|[^A-Za-z0-9])(?i:pass(?:word|wd|phrase)?|pwd?|secrets?|tokens?|"
      "(?:api|access|private|secret|signing|encryption)?keys?|credentials?|"
      "creds|auth|authorization|cookies?|pat)(?:$|[^A-Za-z0-9])|"
      "(?:^|[a-z0-9])(?:Password|Passwd|Secret|Token|Key|Credentials?)$|"
      "(?i:apikey|password|passwd|secret|token)(?:$|[^A-Za-z0-9])");
  // The working directories of shells.
  if (name == "PWD" || name == "OLDPWD") return false;
  return RE2::PartialMatch(piece(name), kSecret);
}

std::string redact_text(std::string_view text) {
  std::string result(text);
  if (result.find("://") == std::string::npos) return result;
  static const RE2 kUserInfo("([A-Za-z][A-Za-z0-9+.-]*://)[^/?#@\\s]+@");
  RE2::GlobalReplace(&result, kUserInfo,
                     std::string("\\1").append(kRedacted).append("@"));
  return result;
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
  for (const std::string& argument : argv) {
    const bool option = argument.starts_with('-');
    if (next_is_secret && !option) {
      result.emplace_back(kRedacted);
    } else {
      result.push_back(redact_entry(argument));
    }
    next_is_secret = option && argument.find('=') == std::string::npos &&
                     is_secret_name(argument);
  }
  return result;
}

}  // namespace driftcage::report
