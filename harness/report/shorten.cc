// SPDX-License-Identifier: Apache-2.0
#include "harness/report/shorten.h"

#include <algorithm>

#include "harness/base/path.h"

namespace driftcage::report {
namespace {

bool ends_a_component(std::string_view rest) {
  if (rest.empty()) return true;
  constexpr std::string_view kEnd = "/ \t\n:;,'\")]}";
  return kEnd.find(rest.front()) != std::string_view::npos;
}

bool can_precede_a_path(char c) {
  const bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                    (c >= '0' && c <= '9');
  return !word && c != '/' && c != '.' && c != '-' && c != '_';
}

}  // namespace

Shortener::Shortener(const match::Variables& variables) {
  for (const auto& [name, value] : variables) {
    // One path that is worth it: not "/", no list, no word such as "off".
    const bool path = value.size() > 1 && value.front() == '/' &&
                      value.find(':') == std::string::npos;
    if (path) places_.push_back({value, "$" + name});
  }
  std::stable_sort(places_.begin(), places_.end(),
                   [](const Place& a, const Place& b) {
                     return a.directory.size() > b.directory.size();
                   });
}

std::pair<std::string_view, std::string_view> Shortener::split(
    std::string_view path) const {
  for (const Place& place : places_) {
    if (base::path::is_below(path, place.directory)) {
      return {place.name, path.substr(place.directory.size())};
    }
  }
  return {{}, path};
}

std::string Shortener::text(std::string_view text) const {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Place* found = nullptr;
    if (text.front() == '/' &&
        (out.empty() || can_precede_a_path(out.back()))) {
      for (const Place& place : places_) {
        if (text.starts_with(place.directory) &&
            ends_a_component(text.substr(place.directory.size()))) {
          found = &place;
          break;
        }
      }
    }
    if (found != nullptr) {
      out += found->name;
      text.remove_prefix(found->directory.size());
    } else {
      out += text.front();
      text.remove_prefix(1);
    }
  }
  return out;
}

}  // namespace driftcage::report
