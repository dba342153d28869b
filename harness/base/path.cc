// SPDX-License-Identifier: Apache-2.0
#include "harness/base/path.h"

namespace driftcage::base::path {

std::vector<std::string_view> components(std::string_view path) {
  std::vector<std::string_view> parts;
  std::size_t at = 0;
  while (at < path.size()) {
    std::size_t end = path.find('/', at);
    if (end == std::string_view::npos) end = path.size();
    const std::string_view part = path.substr(at, end - at);
    if (!part.empty() && part != ".") parts.push_back(part);
    at = end + 1;
  }
  return parts;
}

std::string absolute(std::string_view dir, std::string_view name) {
  std::string result;
  result.reserve(dir.size() + name.size() + 1);
  const auto append = [&result](std::string_view path) {
    std::size_t at = 0;
    while (at < path.size()) {
      std::size_t end = path.find('/', at);
      if (end == std::string_view::npos) end = path.size();
      const std::string_view part = path.substr(at, end - at);
      if (!part.empty() && part != ".") {
        result += '/';
        result += part;
      }
      at = end + 1;
    }
  };
  if (name.empty() || name.front() != '/') append(dir);
  append(name);
  if (result.empty()) result = "/";
  return result;
}

std::string clean(std::string_view path) {
  const bool rooted = !path.empty() && path.front() == '/';
  std::vector<std::string_view> kept;
  for (const std::string_view part : components(path)) {
    if (part == ".." && !kept.empty() && kept.back() != "..") {
      kept.pop_back();
    } else if (part != ".." || !rooted) {
      kept.push_back(part);
    }
  }
  std::string result;
  for (const std::string_view part : kept) {
    if (rooted || !result.empty()) result += '/';
    result += part;
  }
  if (result.empty()) result = rooted ? "/" : ".";
  return result;
}

std::string_view base_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string_view dir_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return slash == 0 ? path.substr(0, 1) : path.substr(0, slash);
}

bool is_below(std::string_view path, std::string_view dir) {
  if (dir == "/") return !path.empty() && path.front() == '/';
  return path.substr(0, dir.size()) == dir &&
         (path.size() == dir.size() || path[dir.size()] == '/');
}

std::vector<std::string> split_list(std::string_view list) {
  std::vector<std::string> parts;
  std::size_t at = 0;
  while (true) {
    const std::size_t end = list.find(':', at);
    const std::string_view part =
        list.substr(at, end == std::string_view::npos ? end : end - at);
    parts.emplace_back(part.empty() ? std::string_view(".") : part);
    if (end == std::string_view::npos) return parts;
    at = end + 1;
  }
}

}  // namespace driftcage::base::path
