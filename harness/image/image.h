// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "harness/image/recipe.h"
#include "harness/model/cage_spec.h"

namespace driftcage::image {

// A root file system with its configuration.
struct Image {
  std::string reference;  // as the user wrote it: "host", "dir:/srv/root"
  std::string root;       // host directory
  bool is_host = false;
  std::string identity;  // key of caches: changes when the content may have
  std::map<std::string, std::string> environment;  // the image's own
  std::string user;       // of the configuration, may be empty
  std::uint32_t uid = 0;  // that user's ids in the image
  std::uint32_t gid = 0;
  std::vector<std::uint32_t> groups;  // supplementary ones
  // The tree has the owners that the image gives its files, so that they can be
  // told apart in a cage with many ids; otherwise all are one user's.
  bool has_owners = false;
  std::string working_directory;   // of the configuration, may be empty
  Warm warm;                       // of a recipe
  std::vector<std::string> masks;  // host: folders shown empty
  std::vector<model::op::MountTree> let_in;  // host: toolchains in them
  std::string architecture;                  // "amd64"
  std::shared_ptr<const void> lease;         // keeps a stored tree from removal
};

// Finds an executable file by PATH inside the image's root, links resolved in
// that root; empty when there is none.
[[nodiscard]] std::string find_program(const Image& image,
                                       const std::string& name);

}  // namespace driftcage::image
