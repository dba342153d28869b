// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>

#include <cerrno>
#include <map>
#include <set>
#include <string>

#include "harness/trace/tree.h"

namespace driftcage::trace {

// A tree in memory. The root is there; parents must be added before children.
class FakeTree : public Tree {
 public:
  FakeTree() { dir("/"); }

  FakeTree& dir(const std::string& path, mode_t mode = 0755, uid_t uid = 0) {
    return put(path, {.owner = {uid, 0, S_IFDIR | mode}, .bytes = {}});
  }
  FakeTree& file(const std::string& path, mode_t mode = 0644,
                 const std::string& bytes = "", uid_t uid = 0) {
    return put(path, {.owner = {uid, 0, S_IFREG | mode}, .bytes = bytes});
  }
  FakeTree& link(const std::string& path, const std::string& target) {
    return put(path, {.owner = {0, 0, S_IFLNK | 0777}, .bytes = target});
  }
  FakeTree& mount(const std::string& path, bool noexec = false) {
    mounts_[path] = ++last_mount_;
    if (noexec) noexec_.insert(last_mount_);
    return *this;
  }
  FakeTree& nodev() {
    nodev_.insert(last_mount_);
    return *this;
  }
  FakeTree& without_inodes() {
    full_.insert(last_mount_);
    return *this;
  }
  FakeTree& device(const std::string& path, mode_t mode) {
    return put(path, {.owner = {0, 0, S_IFCHR | mode}, .bytes = {}});
  }
  FakeTree& immutable(const std::string& path) {
    immutable_.insert(path);
    return *this;
  }
  // The tracer itself is refused here, whatever the tracee may do.
  FakeTree& refuse(const std::string& path) {
    refused_.insert(path);
    return *this;
  }

  int stat(const std::string& path, Node& node) override {
    if (refused_.contains(path)) return EACCES;
    const auto found = entries_.find(path);
    if (found == entries_.end()) return ENOENT;
    node = {.owner = found->second.owner,
            .mount = mount_of(path),
            .immutable = immutable_.contains(path)};
    return 0;
  }
  int readlink(const std::string& path, std::string& target) override {
    target = entries_.at(path).bytes;
    return 0;
  }
  std::string read(const std::string& path, std::uint64_t offset,
                   std::size_t size) override {
    const std::string& bytes = entries_.at(path).bytes;
    return offset >= bytes.size() ? std::string() : bytes.substr(offset, size);
  }
  MountFacts mount_facts(const std::string& path) override {
    const std::uint64_t mount = mount_of(path);
    MountFacts facts;
    facts.noexec = noexec_.contains(mount);
    facts.nodev = nodev_.contains(mount);
    facts.no_inodes = full_.contains(mount);
    return facts;
  }

 private:
  struct Entry {
    Owner owner;
    std::string bytes;  // of a file, or a link's target
  };
  FakeTree& put(const std::string& path, const Entry& entry) {
    entries_[path] = entry;
    return *this;
  }
  [[nodiscard]] std::uint64_t mount_of(std::string path) const {
    while (true) {
      if (const auto found = mounts_.find(path); found != mounts_.end())
        return found->second;
      if (path == "/") return 0;
      const std::size_t slash = path.find_last_of('/');
      path = slash == 0 ? "/" : path.substr(0, slash);
    }
  }

  std::map<std::string, Entry> entries_;
  std::map<std::string, std::uint64_t> mounts_;
  std::set<std::uint64_t> noexec_;
  std::set<std::uint64_t> nodev_;
  std::set<std::uint64_t> full_;
  std::set<std::string> immutable_;
  std::set<std::string> refused_;
  std::uint64_t last_mount_ = 0;
};

}  // namespace driftcage::trace
