// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"
#include "harness/image/progress.h"

namespace driftcage::image {

// A package that apt would install, from an index whose signature it checked.
struct DebianPackage {
  std::string name;
  std::string version;
  std::string file;    // "gcc_4%3a12.2.0-3_amd64.deb"
  std::string digest;  // sha256:…
  std::uint64_t size = 0;
  bool operator==(const DebianPackage&) const = default;
};

// apt(8) with all of its state in one folder: no privileges, nothing of the
// machine's own apt is changed, and of its configuration only how the network
// is reached (proxies, certificates) is taken over.
class Apt {
 public:
  struct Sources {
    std::string mirror;  // URI of a Debian archive
    std::vector<std::string> suites;
    std::string architecture;
  };
  // `folder` is an empty directory of the caller's. Fetches the indexes; fails
  // when a signature is missing or wrong.
  static base::Result<Apt> open(const std::string& folder,
                                const Sources& sources,
                                const Progress& progress);

  // What installing `packages` on an empty system would fetch; without
  // `dependencies` those packages alone.
  [[nodiscard]] base::Result<std::vector<DebianPackage>> plan(
      const std::vector<std::string>& packages, bool dependencies) const;
  // Fetches packages into archives(), under DebianPackage::file. apt compares
  // their digests with the index.
  [[nodiscard]] base::Status download(
      const std::vector<DebianPackage>& packages,
      const Progress& progress) const;
  [[nodiscard]] std::string archives() const { return folder_ + "/archives"; }

 private:
  std::string folder_;
};

// The Debian archive that this machine's apt uses. `folder` is for its notes.
// Fails when there is no apt here or when it uses none.
[[nodiscard]] base::Result<std::string> machine_mirror(
    const std::string& folder);

// The mirror in the output of `apt-get --print-uris update`: one with a suite
// of Debian's, best that of the machine itself; empty when there is none.
[[nodiscard]] std::string mirror_in(std::string_view uris,
                                    std::string_view codename);

// The packages in the output of `apt-get --print-uris`.
[[nodiscard]] base::Result<std::vector<DebianPackage>> packages_in(
    std::string_view uris);

// The configuration for a private apt: of `dump`, which `apt-config dump`
// printed, what concerns the network, and `folder` for everything else.
[[nodiscard]] std::string private_configuration(std::string_view dump,
                                                const std::string& folder);

}  // namespace driftcage::image
