// SPDX-License-Identifier: Apache-2.0
#include "harness/cage/path_farm.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "harness/base/path.h"
#include "harness/base/sys.h"
#include "harness/cage/directory.h"

namespace driftcage::cage {
namespace {

constexpr const char* kFarm = "/run/driftcage/path/";

bool is_directory(int dir, const std::string& name) {
  struct stat status {};
  return ::fstatat(dir, name.c_str(), &status, 0) == 0 &&
         S_ISDIR(status.st_mode);
}

}  // namespace

base::Result<std::string> PathFarm::plant(
    const std::string& dir, const std::vector<std::string>& names) {
  const std::string farm = kFarm + std::to_string(count_++);
  const std::string at = DRIFTCAGE_TRY(editor_.directory(farm));
  const base::UniqueFd fd =
      DRIFTCAGE_TRY(base::sys::open(at, O_PATH | O_DIRECTORY));
  for (const std::string& name : names) {
    const std::string target = base::path::absolute(dir, name);
    if (::symlinkat(target.c_str(), fd.get(), name.c_str()) != 0) {
      return base::fail("symlink", at + "/" + name, errno);
    }
  }
  return farm;
}

base::Result<std::string> PathFarm::drop(
    const std::string& path_list, const std::vector<std::string>& patterns) {
  std::vector<bool> matched(patterns.size(), false);
  std::string result;
  for (const std::string& dir : base::path::split_list(path_list)) {
    std::string entry = dir;
    std::vector<std::string> kept;
    bool holds_one = false;
    // An entry of PATH that does not exist or is no directory has no programs.
    const auto fd = base::sys::open(dir, O_PATH | O_DIRECTORY);
    if (fd) {
      const auto names = list_directory(fd->get());
      if (!names && names.error().err != EACCES) {
        return base::fail("read", dir, names.error().err);
      }
      for (const std::string& name :
           names ? *names : std::vector<std::string>()) {
        bool drop_it = false;
        for (std::size_t i = 0; i < patterns.size(); ++i) {
          if (::fnmatch(patterns[i].c_str(), name.c_str(), FNM_PERIOD) == 0 &&
              !is_directory(fd->get(), name)) {
            matched[i] = true;
            drop_it = true;
          }
        }
        holds_one = holds_one || drop_it;
        if (!drop_it) kept.push_back(name);
      }
    }
    if (holds_one) entry = DRIFTCAGE_TRY(plant(dir, kept));
    if (!result.empty()) result += ':';
    result += entry;
  }
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    if (!matched[i]) steps_.note("drop: no " + patterns[i] + " on PATH");
  }
  return result;
}

}  // namespace driftcage::cage
