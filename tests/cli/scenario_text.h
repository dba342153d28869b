// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace driftcage::cli_test {

// A scenario that passes when `errno_name` is ENOENT: its fault hides the file
// that it reads. `more`: lines of the top level.
inline std::string scenario(const std::string& id,
                            const std::string& errno_name,
                            const std::string& more = {}) {
  return "schema = 1\nid     = \"" + id +
         "\"\ntitle  = \"A file that is not there\"\n"
         "run    = [\"cat\", \"data.txt\"]\n" +
         more +
         "\n[files]\n\"data.txt\" = \"here\\n\"\n"
         "\n[[fault]]\nid   = \"no-data\"\nhide = [\"$WORK/data.txt\"]\n"
         "\n[expect]\nexit = 1\n"
         "see  = [\"open $WORK/data.txt = " +
         errno_name + " by cat\"]\n";
}

// One whose command never ends.
inline std::string endless(const std::string& id) {
  std::string text = scenario(id, "ENOENT");
  return text.replace(text.find("[\"cat\", \"data.txt\"]"), 19,
                      "[\"sh\", \"-c\", \"while :; do :; done\"]");
}

}  // namespace driftcage::cli_test
