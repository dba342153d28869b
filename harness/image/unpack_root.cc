// SPDX-License-Identifier: Apache-2.0
#include "harness/image/unpack_root.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "harness/base/sys.h"

namespace driftcage::image {
namespace {

constexpr int kMaxLinks = 40;              // as the kernel: MAXSYMLINKS
constexpr std::size_t kMaxResolved = 128;  // each one holds a descriptor

base::Result<std::shared_ptr<const OpenDirectory>> adopt(
    base::UniqueFd fd, const std::string& name) {
  struct ::stat status {};
  if (::fstat(fd.get(), &status) != 0) return base::fail("stat", name, errno);
  auto directory = std::make_shared<OpenDirectory>();
  directory->fd = std::move(fd);
  directory->id = id_of(status);
  return directory;
}

std::string joined(const std::vector<std::string>& components,
                   std::size_t count) {
  std::string path;
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) path += '/';
    path += components[i];
  }
  return path;
}

void append_raw(std::string_view path, std::deque<std::string>& components) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string_view part = path.substr(at, end - at);
    if (!part.empty() && part != ".") parts.emplace_back(part);
    at = end + 1;
  }
  components.insert(components.begin(), parts.begin(), parts.end());
}

}  // namespace

std::vector<std::string> clean_components(std::string_view path) {
  std::deque<std::string> raw;
  append_raw(path, raw);
  std::vector<std::string> clean;
  for (std::string& part : raw) {
    if (part != "..") {
      clean.push_back(std::move(part));
    } else if (!clean.empty()) {
      clean.pop_back();
    }
  }
  return clean;
}

base::Result<RootTree> RootTree::open(const std::string& path,
                                      bool use_openat2) {
  RootTree tree;
  auto fd = DRIFTCAGE_TRY(base::sys::open(path, O_PATH | O_DIRECTORY));
  tree.root_ = DRIFTCAGE_TRY(adopt(std::move(fd), path));
  tree.use_openat2_ = use_openat2;
  return tree;
}

base::Result<RootTree::Directory> RootTree::resolve(
    const std::string& path) const {
  struct ::open_how how {};
  how.flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  long fd = -1;
  do {  // EAGAIN: something was renamed meanwhile, says openat2(2)
    fd = ::syscall(SYS_openat2, root_->fd.get(), path.c_str(), &how,
                   sizeof(how));
  } while (fd < 0 && (errno == EAGAIN || errno == EINTR));
  if (fd < 0) return base::fail("open", path, errno);
  return adopt(base::UniqueFd(static_cast<int>(fd)), path);
}

base::Result<RootTree::Directory> RootTree::make(int dir,
                                                 const std::string& name) {
  // Closed to others and open to us until the real mode is set at the end.
  if (::mkdirat(dir, name.c_str(), 0700) != 0)
    return base::fail("mkdir", name, errno);
  auto fd = DRIFTCAGE_TRY(
      base::sys::openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW));
  auto made = DRIFTCAGE_TRY(adopt(std::move(fd), name));
  if (new_directory_) new_directory_(made->id);
  return made;
}

base::Result<RootTree::Directory> RootTree::walk(
    const std::vector<std::string>& components, Missing missing) {
  std::deque<std::string> pending(components.begin(), components.end());
  std::vector<Directory> trail{root_};
  int links = 0;
  while (!pending.empty()) {
    const std::string name = std::move(pending.front());
    pending.pop_front();
    if (name == "..") {
      if (trail.size() > 1) trail.pop_back();
      continue;
    }
    if (trail.size() > kMaxWalkDepth)
      return base::fail("open", name, ELOOP,
                        "directories are nested too deeply");
    const int dir = trail.back()->fd.get();
    auto fd = base::sys::openat(dir, name, O_PATH | O_NOFOLLOW);
    if (!fd) {
      if (fd.error().err != ENOENT || missing == Missing::Fail)
        return base::fail("open", name, fd.error().err);
      trail.push_back(DRIFTCAGE_TRY(make(dir, name)));
      continue;
    }
    struct ::stat status {};
    if (::fstat(fd->get(), &status) != 0)
      return base::fail("stat", name, errno);
    if (S_ISDIR(status.st_mode)) {
      trail.push_back(DRIFTCAGE_TRY(adopt(*std::move(fd), name)));
    } else if (S_ISLNK(status.st_mode)) {
      if (++links > kMaxLinks) return base::fail("open", name, ELOOP);
      const std::string target =
          DRIFTCAGE_TRY(base::sys::readlinkat(fd->get(), ""));
      if (target.starts_with('/')) trail.resize(1);
      append_raw(target, pending);
    } else if (missing == Missing::Create) {
      if (::unlinkat(dir, name.c_str(), 0) != 0)
        return base::fail("remove", name, errno);
      trail.push_back(DRIFTCAGE_TRY(make(dir, name)));
    } else {
      return base::fail("open", name, ENOTDIR);
    }
  }
  return trail.back();
}

base::Result<RootTree::Directory> RootTree::directory(
    const std::vector<std::string>& components, Missing missing) {
  if (components.empty()) return root_;
  const std::string path = joined(components, components.size());
  if (const auto known = resolved_.find(path); known != resolved_.end())
    return known->second;
  Directory found;
  if (use_openat2_) {
    auto resolved = resolve(path);
    if (resolved) {
      found = *std::move(resolved);
    } else if (const int err = resolved.error().err;
               err == ENOSYS || err == EPERM) {
      use_openat2_ = false;  // an old kernel, or a container's seccomp filter
    } else if (missing == Missing::Fail || (err != ENOENT && err != ENOTDIR)) {
      return tl::make_unexpected(std::move(resolved).error());
    }
  }
  if (found == nullptr) found = DRIFTCAGE_TRY(walk(components, missing));
  if (resolved_.size() >= kMaxResolved) resolved_.clear();
  resolved_.emplace(path, found);
  return found;
}

base::Result<Place> RootTree::place(const std::vector<std::string>& components,
                                    Missing missing) {
  if (components.empty()) return Place{root_, {}};
  const std::vector<std::string> parent(components.begin(),
                                        components.end() - 1);
  return Place{DRIFTCAGE_TRY(directory(parent, missing)), components.back()};
}

base::Result<Place> RootTree::place(std::string_view path, Missing missing) {
  return place(clean_components(path), missing);
}

}  // namespace driftcage::image
