// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/image/archive.h"

namespace driftcage::image {

// How the ids in an archive become ids of files. With a count, id N is stored
// as base + N, where a cage made by root maps it back to N. Without one, every
// file is the caller's own, which a cage of the same user sees as root's.
struct IdShift {
  std::uint32_t base = 0;
  std::uint32_t count = 0;
  [[nodiscard]] bool active() const { return count > 0; }
  [[nodiscard]] bool covers(std::uint64_t id) const { return id < count; }
  bool operator==(const IdShift&) const = default;
};

// What an entry was in its archive when the file system could not take it.
struct Original {
  EntryType type = EntryType::File;
  std::uint64_t uid = 0;
  std::uint64_t gid = 0;
  std::uint32_t mode = 0;
  std::uint64_t device = 0;
  bool operator==(const Original&) const = default;
};

// Things left out of a tree, by what they are; a few places for each.
class Notes {
 public:
  void add(const std::string& what, const std::string& path);
  // "what: 12 times, first at a, b, c"
  [[nodiscard]] std::vector<std::string> texts() const;

 private:
  struct Places {
    std::uint64_t count = 0;
    std::vector<std::string> first;
  };
  std::map<std::string, Places> notes_;
};

// True when the tree cannot hold the entry's owner or type as they are.
[[nodiscard]] bool needs_original(const Entry& entry, const IdShift& ids);
[[nodiscard]] Original original_of(const Entry& entry);

// The ids that a file of this entry gets; ids that cannot be mapped become
// nobody's (65534).
struct HostIds {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
};
[[nodiscard]] HostIds host_ids(std::uint64_t uid, std::uint64_t gid,
                               const IdShift& ids);

// The name under which an extended attribute of an image is stored, empty when
// it is dropped: overlayfs must not obey an image's `user.overlay.*`, so these
// are escaped as overlayfs does it itself; `trusted.*`, SELinux labels and ACLs
// mean something on the machine they come from only.
[[nodiscard]] std::string stored_attribute(const std::string& name);

// The value of `security.capability` for files whose root is id `ids.base`
// (capabilities(7): version 3 with a root id); empty when it cannot be one.
[[nodiscard]] std::string stored_capability(const std::string& value,
                                            const IdShift& ids);

// Owner, extended attributes, mode and time of an open file, in the order in
// which none undoes another: a change of owner clears capabilities and setuid.
[[nodiscard]] base::Status set_attributes(int fd, const Entry& entry,
                                          const IdShift& ids, Notes& notes);
// The same without extended attributes for a name that cannot be opened: a
// link or a pipe.
[[nodiscard]] base::Status set_attributes_at(int dir, const std::string& name,
                                             const Entry& entry,
                                             const IdShift& ids, Notes& notes);
// Extended attributes alone. What the file system or the caller's privileges
// refuse is noted.
[[nodiscard]] base::Status set_extended(int fd, const Entry& entry,
                                        const IdShift& ids, Notes& notes);

}  // namespace driftcage::image
