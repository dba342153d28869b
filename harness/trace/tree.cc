// SPDX-License-Identifier: Apache-2.0
#include "harness/trace/tree.h"

#include <sys/stat.h>

#include <cerrno>
#include <climits>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/base/path.h"

namespace driftcage::trace {
namespace {

using model::Cause;

constexpr int kMaxLinks = 40;  // MAXSYMLINKS

std::string join(const std::string& dir, std::string_view name) {
  std::string path = dir == "/" ? std::string() : dir;
  path += '/';
  path += name;
  return path;
}

std::string parent(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

// Components still to go, the next one last: links push theirs on top.
void push_components(std::string_view path, std::vector<std::string>& stack) {
  const auto parts = base::path::components(path);
  for (auto part = parts.rbegin(); part != parts.rend(); ++part)
    stack.emplace_back(*part);
}

Walk stopped(Cause cause, std::string at, const Node& node = {}) {
  return {.cause = cause, .unknown = false, .at = std::move(at), .node = node};
}

}  // namespace

Walk walk(Tree& tree, const Credentials* who, const std::string& path,
          bool follow) {
  if (path.size() >= PATH_MAX) return stopped(Cause::NameTooLong, path);
  std::vector<std::string> todo;
  push_components(path, todo);
  const bool wants_directory = path.ends_with('/');
  std::string here = "/";
  // Links that are being followed: their target, and how much of `todo` is
  // left once it is reached.
  std::vector<std::pair<std::string, std::size_t>> following;
  int links = 0;
  Node node;
  if (const int err = tree.stat(here, node); err != 0)
    return {.cause = Cause::None, .unknown = true, .at = here, .node = {}};

  while (!todo.empty()) {
    while (!following.empty() && todo.size() <= following.back().second)
      following.pop_back();
    const std::string name = std::move(todo.back());
    todo.pop_back();
    if (!S_ISDIR(node.owner.mode)) return stopped(Cause::NotDirectory, here);
    if (who != nullptr && !may(*who, node.owner, kExecute))
      return stopped(Cause::NoSearchPermission, here, node);
    if (name.size() > NAME_MAX)
      return stopped(Cause::NameTooLong, join(here, name));
    if (name == "..") {
      here = parent(here);
      if (tree.stat(here, node) != 0)
        return {.cause = Cause::None, .unknown = true, .at = here, .node = {}};
      continue;
    }
    std::string next = join(here, name);
    Node found;
    if (const int err = tree.stat(next, found); err != 0) {
      if (err != ENOENT)
        return {.cause = Cause::None, .unknown = true, .at = next, .node = {}};
      if (!following.empty())
        return stopped(Cause::Dangling, following.back().first);
      return stopped(todo.empty() ? Cause::Missing : Cause::MissingDirectory,
                     next);
    }
    if (S_ISLNK(found.owner.mode) &&
        (follow || wants_directory || !todo.empty())) {
      std::string target;
      if (++links > kMaxLinks) return stopped(Cause::Loop, next);
      if (tree.readlink(next, target) != 0)
        return {.cause = Cause::None, .unknown = true, .at = next, .node = {}};
      if (target.starts_with('/')) {
        here = "/";
        if (tree.stat(here, node) != 0)
          return {
              .cause = Cause::None, .unknown = true, .at = here, .node = {}};
      }
      following.emplace_back(base::path::absolute(here, target), todo.size());
      push_components(target, todo);
      continue;
    }
    here = std::move(next);
    node = found;
  }
  if (wants_directory && !S_ISDIR(node.owner.mode))
    return stopped(Cause::NotDirectory, here, node);
  return {.cause = Cause::None, .unknown = false, .at = here, .node = node};
}

std::string mount_point(Tree& tree, const std::string& path) {
  std::string here = path;
  Node node;
  // A file that is not there yet lies on its directory's mount.
  while (tree.stat(here, node) != 0 && here != "/") here = parent(here);
  while (here != "/") {
    const std::string above = parent(here);
    Node upper;
    if (tree.stat(above, upper) != 0 || upper.mount != node.mount) break;
    here = above;
  }
  return here;
}

}  // namespace driftcage::trace
