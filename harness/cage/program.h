// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "harness/model/cage_spec.h"

namespace driftcage::cage {

// An execve(2) that is ready: nothing is left to allocate. Refers to the spec
// and environment it was made from.
class Program {
 public:
  Program(const std::vector<std::string>& argv,
          const std::map<std::string, std::string>& environment);

  // Finds the file to run, as execvp(3) does with the environment's own PATH,
  // with the calling process's directory and credentials. 0 or an errno value.
  int find();
  // Replaces the process; returns the errno value when it could not.
  [[nodiscard]] int exec() const noexcept;

 private:
  const std::vector<std::string>& words_;
  std::string path_list_;
  std::string file_;
  std::vector<std::string> settings_;
  std::vector<char*> argv_;
  std::vector<char*> envp_;
};

}  // namespace driftcage::cage
