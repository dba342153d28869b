// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/base/result.h"

namespace driftcage::image {

struct Account {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::vector<std::uint32_t> groups{};  // the supplementary ones, by id
  bool operator==(const Account&) const = default;
};

// The ids of what an image's configuration calls its user: NAME, UID,
// NAME:GROUP or UID:GID, names by the passwd(5) and group(5) files in `root`.
// As container engines have it, a bare UID without an account has group 0, and
// an account is in all groups that list it as a member, unless the
// configuration names a group.
[[nodiscard]] base::Result<Account> find_account(const std::string& root,
                                                 const std::string& user);

}  // namespace driftcage::image
