// SPDX-License-Identifier: Apache-2.0
#include "harness/image/tree_walk.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/base/sys.h"

namespace driftcage::image {
namespace {

struct Name {
  std::string text;
  unsigned char type = DT_UNKNOWN;
};

struct CloseDirectory {
  void operator()(::DIR* directory) const { ::closedir(directory); }
};

// All names at once: the callers change the directory while they go through.
base::Result<std::vector<Name>> names_in(int fd, const std::string& path) {
  auto own = base::sys::openat(fd, ".", O_RDONLY | O_DIRECTORY);
  if (!own) return base::fail("list", path, own.error().err);
  const std::unique_ptr<::DIR, CloseDirectory> directory(
      ::fdopendir(own->get()));
  if (directory == nullptr) return base::fail("list", path, errno);
  static_cast<void>(own->release());  // the stream has it now
  std::vector<Name> names;
  while (true) {
    errno = 0;
    const ::dirent* entry = ::readdir(directory.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..")
      names.push_back({std::string(name), entry->d_type});
  }
  if (errno != 0) return base::fail("list", path, errno);
  std::sort(names.begin(), names.end(),
            [](const Name& a, const Name& b) { return a.text < b.text; });
  return names;
}

base::Result<base::UniqueFd> open_directory(int dir, const std::string& name,
                                            bool unlock) {
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
  auto fd = base::sys::openat(dir, name, kFlags);
  if (fd || fd.error().err != EACCES || !unlock) return fd;
  if (::fchmodat(dir, name.c_str(), 0700, 0) != 0)
    return base::fail("chmod", name, errno);
  return base::sys::openat(dir, name, kFlags);
}

class Walk {
 public:
  Walk(const WalkOptions& options,
       const std::function<base::Status(const Visit&)>& visit)
      : options_(options), visit_(visit) {}

  base::Status directory(int fd, int depth) {
    if (depth > kMaxWalkDepth) {
      return base::fail("walk", path_, ELOOP,
                        "directories are nested too deeply");
    }
    for (const Name& name : DRIFTCAGE_TRY(names_in(fd, path_))) {
      if (options_.directories_only && name.type != DT_DIR &&
          name.type != DT_UNKNOWN) {
        continue;
      }
      const std::size_t length = path_.size();
      if (!path_.empty()) path_ += '/';
      path_ += name.text;
      DRIFTCAGE_CHECK_OK(entry(fd, name.text, depth));
      path_.resize(length);
    }
    return {};
  }

 private:
  base::Status entry(int dir, const std::string& name, int depth) {
    struct ::stat status {};
    if (::fstatat(dir, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
      return base::fail("stat", path_, errno);
    base::UniqueFd fd;
    if (S_ISDIR(status.st_mode)) {
      auto opened = open_directory(dir, name, options_.unlock);
      if (opened) {
        fd = *std::move(opened);
        DRIFTCAGE_CHECK_OK(directory(fd.get(), depth + 1));
      } else if (opened.error().err != EACCES) {
        return tl::make_unexpected(std::move(opened).error());
      }
    } else if (options_.directories_only) {
      return {};
    }
    return visit_({dir, name, path_, fd.get(), status});
  }

  const WalkOptions& options_;
  const std::function<base::Status(const Visit&)>& visit_;
  std::string path_;
};

// Empties directories from the top down; what lies too deep is first moved up
// to `top`, so that depth costs time and not descriptors.
class Removal {
 public:
  explicit Removal(int top) : top_(top) {}

  base::Status remove(int dir, const std::string& name, int depth) {
    if (::unlinkat(dir, name.c_str(), 0) == 0 || errno == ENOENT) return {};
    if (errno != EISDIR && errno != EPERM && errno != EACCES)
      return base::fail("remove", name, errno);
    if (depth > kMaxWalkDepth / 4) {
      std::string moved = ".deep" + std::to_string(::getpid()) + "." +
                          std::to_string(deep_.size());
      // Moving a directory changes its "..", which takes write permission.
      static_cast<void>(::fchmodat(dir, name.c_str(), 0700, 0));
      if (::renameat(dir, name.c_str(), top_, moved.c_str()) != 0)
        return base::fail("rename", name, errno);
      deep_.push_back(std::move(moved));
      return {};
    }
    {
      const auto fd = DRIFTCAGE_TRY(open_directory(dir, name, true));
      // Names in a directory without write permission cannot be removed.
      static_cast<void>(::fchmod(fd.get(), 0700));
      for (const Name& child : DRIFTCAGE_TRY(names_in(fd.get(), name)))
        DRIFTCAGE_CHECK_OK(remove(fd.get(), child.text, depth + 1));
    }
    if (::unlinkat(dir, name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT)
      return base::fail("rmdir", name, errno);
    return {};
  }

  base::Status remove_all(const std::string& name) {
    DRIFTCAGE_CHECK_OK(remove(top_, name, 0));
    for (std::size_t i = 0; i < deep_.size(); ++i) {
      const std::string moved = deep_[i];  // the list grows meanwhile
      DRIFTCAGE_CHECK_OK(remove(top_, moved, 0));
    }
    return {};
  }

 private:
  int top_;
  std::vector<std::string> deep_;
};

}  // namespace

base::Result<std::vector<std::string>> list_names(int dir) {
  std::vector<std::string> texts;
  for (Name& name : DRIFTCAGE_TRY(names_in(dir, "directory")))
    texts.push_back(std::move(name.text));
  return texts;
}

base::Status walk_tree(int top, const WalkOptions& options,
                       const std::function<base::Status(const Visit&)>& visit) {
  return Walk(options, visit).directory(top, 0);
}

base::Status remove_tree(int dir, const std::string& name) {
  return Removal(dir).remove_all(name);
}

}  // namespace driftcage::image
