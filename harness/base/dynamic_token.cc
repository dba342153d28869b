// SPDX-License-Identifier: Apache-2.0
#include "harness/base/dynamic_token.h"

#include <utility>

namespace driftcage::base {
namespace {

// Not isalnum(3), which goes by the locale.
bool goes_on(std::string_view rest) {
  if (rest.empty()) return false;
  const char c = rest.front();
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
         (c >= '0' && c <= '9') || c == '_';
}

// Length of the token that `text` begins with, behind its '$'; 0: another one.
std::size_t token_length(std::string_view text, std::string_view name) {
  const bool braced = text.starts_with('{');
  if (braced) text.remove_prefix(1);
  if (!text.starts_with(name)) return 0;
  text.remove_prefix(name.size());
  if (braced) return text.starts_with('}') ? name.size() + 2 : 0;
  return goes_on(text) ? 0 : name.size();
}

}  // namespace

bool replace_dynamic_token(std::string& text, std::string_view name,
                           std::string_view value, std::size_t limit) {
  std::string_view rest = text;
  std::string made;
  bool replaced = false;
  for (std::size_t at = rest.find('$');
       at != std::string_view::npos && made.size() < limit;
       at = rest.find('$')) {
    made += rest.substr(0, at);
    const std::size_t length = token_length(rest.substr(at + 1), name);
    if (length == 0)
      made += '$';
    else
      made += value;
    replaced = replaced || length != 0;
    rest.remove_prefix(at + 1 + length);
  }
  if (!replaced) return false;
  made += rest;
  if (made.size() > limit) made.resize(limit);
  text = std::move(made);
  return true;
}

}  // namespace driftcage::base
