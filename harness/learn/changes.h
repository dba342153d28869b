// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/model/cage_spec.h"
#include "harness/scenario/scenario.h"

// What a student made of a cage: its environment and its files, as seen from
// outside, against what they were when the shell began.
namespace driftcage::learn {

// Where a student can have changed something: the folders that belong to the
// cage, and the folders of what the scenario's faults and fixes touch.
struct Places {
  std::vector<std::string> trees;    // with everything below
  std::vector<std::string> folders;  // themselves and their entries only
  std::vector<std::string> without;  // caches, which are nobody's work
};
[[nodiscard]] Places places_of(
    const scenario::Scenario& scenario,
    const std::map<std::string, std::string>& variables);

struct FileState {
  enum class Kind : std::uint8_t { File, Directory, Link, Other };
  Kind kind = Kind::File;
  std::uint32_t mode = 0;
  std::uint64_t size = 0;
  std::uint64_t changed_ns = 0;  // st_mtim
  std::string target;            // of a link
  bool closed = false;           // a folder into which nobody could look
  bool operator==(const FileState&) const = default;
};
// By absolute path in the cage.
using Snapshot = std::map<std::string, FileState>;

// Looks at the cage of process `pid` through /proc/PID/root (proc(5)). What may
// not be read is left out.
[[nodiscard]] base::Result<Snapshot> take_snapshot(int pid,
                                                   const Places& places);

struct Changes {
  std::map<std::string, std::string> set;  // variables
  std::vector<std::string> unset;
  std::vector<std::string> paths;  // of files, added, changed or removed
  // The same as operations for a fresh cage.
  std::vector<model::CageOp> ops;
};

using EnvironmentMap = std::map<std::string, std::string>;
[[nodiscard]] EnvironmentMap environment_map(
    const std::vector<std::string>& environment);

// What a shell changes by itself ($_, $OLDPWD, $PWD, $SHLVL) counts as nothing.
void compare_environments(const EnvironmentMap& before,
                          const EnvironmentMap& after, Changes* changes);
// Reads what is new from the cage of `pid`; EFBIG past 64 MiB.
[[nodiscard]] base::Status compare_files(int pid, const Snapshot& before,
                                         const Snapshot& after,
                                         Changes* changes);

}  // namespace driftcage::learn
