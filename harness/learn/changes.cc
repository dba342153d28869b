// SPDX-License-Identifier: Apache-2.0
#include "harness/learn/changes.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "harness/base/path.h"
#include "harness/base/sys.h"
#include "harness/base/unique_fd.h"
#include "harness/plan/planner.h"
#include "harness/plan/variables.h"

namespace driftcage::learn {
namespace {

constexpr std::size_t kMostFiles = 200'000;
constexpr std::size_t kMostBytes = 64u << 20;
constexpr int kMaxDepth = 100;

// In the cage's root, whatever links and ".." the student made; a link at the
// end is followed, too, as Debian's GOROOT/src is one.
base::UniqueFd open_in(int root, const std::string& path, std::uint64_t flags) {
  struct ::open_how how {};
  how.flags = flags | O_CLOEXEC | O_NONBLOCK;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  const std::string inside = path == "/" ? "." : path.substr(1);
  return base::UniqueFd(static_cast<int>(
      ::syscall(SYS_openat2, root, inside.c_str(), &how, sizeof how)));
}

base::Result<base::UniqueFd> root_of(int pid) {
  return base::sys::open("/proc/" + std::to_string(pid) + "/root",
                         O_PATH | O_DIRECTORY | O_CLOEXEC);
}

class Walk {
 public:
  Walk(const Places& places, Snapshot& found)
      : places_(places), found_(found) {}

  void tree(int root, const std::string& at, bool deep) {
    base::UniqueFd fd = open_in(root, at, O_RDONLY | O_DIRECTORY);
    struct ::stat status {};
    if (!fd || ::fstat(fd.get(), &status) != 0) return;
    note(at, fd.get(), "", status);
    directory(std::move(fd), at, status.st_dev, deep, 0);
  }
  [[nodiscard]] bool too_many() const { return found_.size() > kMostFiles; }

 private:
  void note(const std::string& at, int dir, const char* name,
            const struct ::stat& status) {
    FileState state;
    state.mode = status.st_mode & 07777;
    if (S_ISDIR(status.st_mode)) {
      state.kind = FileState::Kind::Directory;
    } else if (S_ISLNK(status.st_mode)) {
      state.kind = FileState::Kind::Link;
      auto target = base::sys::readlinkat(dir, name);
      if (target) state.target = *std::move(target);
    } else if (S_ISREG(status.st_mode)) {
      state.size = static_cast<std::uint64_t>(status.st_size);
      state.changed_ns =
          static_cast<std::uint64_t>(status.st_mtim.tv_sec) * 1'000'000'000u +
          static_cast<std::uint64_t>(status.st_mtim.tv_nsec);
    } else {
      state.kind = FileState::Kind::Other;
    }
    found_[at] = std::move(state);
  }

  void directory(base::UniqueFd from, const std::string& at, dev_t device,
                 bool deep, int depth) {
    if (depth > kMaxDepth || too_many()) return;
    const int fd = from.get();
    const std::unique_ptr<DIR, int (*)(DIR*)> list(::fdopendir(from.release()),
                                                   ::closedir);
    if (!list) return;
    while (const dirent* entry = ::readdir(list.get())) {
      const std::string name = entry->d_name;
      if (name == "." || name == "..") continue;
      const std::string path = base::path::absolute(at, name);
      const auto& without = places_.without;
      if (std::find(without.begin(), without.end(), path) != without.end()) {
        continue;
      }
      struct ::stat status {};
      if (::fstatat(fd, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
        found_[at].closed |= errno == EACCES;
        continue;
      }
      // A mount that the cage made is no work of the student.
      if (deep && status.st_dev != device && S_ISDIR(status.st_mode)) continue;
      note(path, fd, name.c_str(), status);
      if (!deep || !S_ISDIR(status.st_mode)) continue;
      base::UniqueFd inner(::openat(
          fd, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (!inner) {
        found_[path].closed = true;
        continue;
      }
      directory(std::move(inner), path, device, deep, depth + 1);
    }
  }

  const Places& places_;
  Snapshot& found_;
};

void add_paths(const scenario::Effects& effects, plan::Expander& expand,
               std::set<std::string>* folders) {
  const auto add = [&](const std::string& path) {
    const auto full = expand.path(path);
    if (!full) return;
    folders->insert(std::string(base::path::dir_name(*full)));
  };
  for (const auto& file : effects.files) add(file.path);
  for (const auto& [path, mode] : effects.chmod) add(path);
  for (const auto& [path, size] : effects.truncate) add(path);
  for (const auto& path : effects.hide) add(path);
}

bool is_shells_own(const std::string& name) {
  return name == "_" || name == "OLDPWD" || name == "PWD" || name == "SHLVL";
}

// What appears in a folder that was closed before was there before.
bool was_out_of_sight(const Snapshot& before, std::string path) {
  while (path.size() > 1) {
    path = std::string(base::path::dir_name(path));
    const auto found = before.find(path);
    if (found != before.end()) return found->second.closed;
  }
  return false;
}

base::Result<std::string> read_inside(int root, const std::string& path,
                                      std::size_t limit) {
  const base::UniqueFd fd = open_in(root, path, O_RDONLY | O_NOFOLLOW);
  if (!fd) return base::fail("read the student's file", path, errno);
  return base::sys::read_fd(fd.get(), path, limit);
}

}  // namespace

Places places_of(const scenario::Scenario& scenario,
                 const std::map<std::string, std::string>& variables) {
  Places places;
  places.trees = {plan::kWork, plan::kHome, plan::kTmp};
  plan::Expander expand(variables);
  std::set<std::string> folders;
  for (const scenario::Fault& fault : scenario.faults) {
    add_paths(fault.effects, expand, &folders);
  }
  for (const scenario::Fix& fix : scenario.fixes) {
    add_paths(fix.effects, expand, &folders);
  }
  for (const std::string& folder : folders) {
    const bool known = std::any_of(
        places.trees.begin(), places.trees.end(),
        [&](const auto& tree) { return base::path::is_below(folder, tree); });
    if (!known && folder != "/") places.folders.push_back(folder);
  }
  const auto cache = variables.find("GOCACHE");
  if (cache != variables.end() && !cache->second.empty()) {
    places.without.push_back(cache->second);
  }
  return places;
}

base::Result<Snapshot> take_snapshot(int pid, const Places& places) {
  const base::UniqueFd root = DRIFTCAGE_TRY(root_of(pid));
  Snapshot found;
  Walk walk(places, found);
  for (const std::string& tree : places.trees) {
    walk.tree(root.get(), tree, true);
  }
  for (const std::string& folder : places.folders) {
    walk.tree(root.get(), folder, false);
  }
  if (walk.too_many()) {
    return base::fail("look at the cage", "its files", EFBIG,
                      "`reset` begins with a fresh cage");
  }
  return found;
}

EnvironmentMap environment_map(const std::vector<std::string>& environment) {
  EnvironmentMap map;
  for (const std::string& item : environment) {
    const std::size_t equals = item.find('=');
    if (equals == std::string::npos) continue;
    map.emplace(item.substr(0, equals), item.substr(equals + 1));
  }
  return map;
}

void compare_environments(const EnvironmentMap& before,
                          const EnvironmentMap& after, Changes* changes) {
  for (const auto& [name, value] : after) {
    const auto old = before.find(name);
    if (is_shells_own(name)) continue;
    if (old == before.end() || old->second != value) changes->set[name] = value;
  }
  for (const auto& [name, value] : before) {
    if (!is_shells_own(name) && !after.contains(name)) {
      changes->unset.push_back(name);
    }
  }
}

base::Status compare_files(int pid, const Snapshot& before,
                           const Snapshot& after, Changes* changes) {
  namespace op = model::op;
  const base::UniqueFd root = DRIFTCAGE_TRY(root_of(pid));
  // Removed first: a folder may have become a file. Only the topmost of what
  // is gone needs to go.
  std::string gone;
  for (const auto& [path, old] : before) {
    const auto now = after.find(path);
    const bool same_kind = now != after.end() && now->second.kind == old.kind;
    if (same_kind) continue;
    changes->paths.push_back(path);
    if (!gone.empty() && base::path::is_below(path, gone)) continue;
    gone = path;
    changes->ops.emplace_back(op::Hide{path});
  }
  std::size_t left = kMostBytes;
  std::vector<model::CageOp> modes;  // last: they may close a folder
  for (const auto& [path, now] : after) {
    const auto old = before.find(path);
    const bool fresh = old == before.end() || old->second.kind != now.kind;
    if (!fresh && old->second == now) continue;
    if (now.kind == FileState::Kind::Other) continue;
    if (!fresh || !was_out_of_sight(before, path)) {
      changes->paths.push_back(path);
    }
    if (now.kind == FileState::Kind::Link) {
      changes->ops.emplace_back(op::MakeSymlink{path, now.target});
    } else if (now.kind == FileState::Kind::Directory) {
      // Also one that is not new: what a set-up makes may have other names in
      // the next cage.
      changes->ops.emplace_back(op::MakeDirectory{path, 0755});
      modes.emplace_back(op::Chmod{path, now.mode});
    } else if (auto bytes = read_inside(root.get(), path, left); bytes) {
      left -= bytes->size();
      changes->ops.emplace_back(
          op::WriteFile{path, *std::move(bytes), now.mode});
    } else if (bytes.error().err == ENOENT) {
      continue;  // gone since it was seen, as files of a running build are
    } else if (bytes.error().err == EACCES && !fresh) {
      modes.emplace_back(op::Chmod{path, now.mode});
    } else if (bytes.error().err == EACCES) {
      // Nor can the command read what is in it.
      changes->ops.emplace_back(op::WriteFile{path, "", now.mode});
    } else {
      return tl::make_unexpected(std::move(bytes).error());
    }
  }
  std::move(modes.begin(), modes.end(), std::back_inserter(changes->ops));
  return {};
}

}  // namespace driftcage::learn
