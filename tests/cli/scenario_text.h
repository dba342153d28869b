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

// The same one with a shell's line in the place of its command. Quotes in it
// must be escaped for TOML.
inline std::string shell_scenario(const std::string& id,
                                  const std::string& errno_name,
                                  const std::string& line) {
  std::string text = scenario(id, errno_name);
  return text.replace(text.find("[\"cat\", \"data.txt\"]"), 19,
                      "[\"sh\", \"-c\", \"" + line + "\"]");
}

// One whose command never ends.
inline std::string endless(const std::string& id) {
  return shell_scenario(id, "ENOENT", "while :; do :; done");
}

}  // namespace driftcage::cli_test
