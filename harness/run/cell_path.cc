// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>

#include "harness/base/path.h"
#include "harness/base/sys.h"
#include "harness/run/launcher.h"

namespace driftcage::run {

base::Result<std::string> find_cell() {
  constexpr const char* kName = "driftcage-cell";
  if (const char* given = std::getenv("DRIFTCAGE_CELL");
      given != nullptr && *given != '\0') {
    if (::access(given, X_OK) == 0) return std::string(given);
    return base::fail("find helper", given, errno,
                      "DRIFTCAGE_CELL names no executable file");
  }
  const std::string self =
      DRIFTCAGE_TRY(base::sys::readlinkat(AT_FDCWD, "/proc/self/exe"));
  const std::string beside(base::path::dir_name(self));
  for (const std::string& directory :
       {beside, base::path::clean(beside + "/../libexec/driftcage")}) {
    std::string candidate = base::path::absolute(directory, kName);
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return base::fail("find helper", kName, ENOENT,
                    "it belongs beside the driftcage program or in "
                    "../libexec/driftcage; DRIFTCAGE_CELL overrides");
}

}  // namespace driftcage::run
