// SPDX-License-Identifier: Apache-2.0
#include "harness/cage/program.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "harness/base/path.h"

namespace driftcage::cage {

Program::Program(const std::vector<std::string>& argv,
                 const std::map<std::string, std::string>& environment)
    : words_(argv) {
  const auto path = environment.find("PATH");
  // What execvp(3) takes when there is no PATH.
  path_list_ = path == environment.end() ? "/bin:/usr/bin" : path->second;
  settings_.reserve(environment.size());
  for (const auto& [name, value] : environment) {
    settings_.push_back(name + "=" + value);
  }
  // execve takes pointers to non-const, but changes nothing.
  for (const std::string& word : words_) {
    argv_.push_back(const_cast<char*>(word.c_str()));
  }
  argv_.push_back(nullptr);
  for (std::string& setting : settings_) envp_.push_back(setting.data());
  envp_.push_back(nullptr);
}

int Program::find() {
  if (words_.empty() || words_.front().empty()) return ENOENT;
  const std::string& name = words_.front();
  if (name.find('/') != std::string::npos) {
    file_ = name;
    return 0;  // execve itself tells what is wrong with it
  }
  int worst = ENOENT;
  for (const std::string& dir : base::path::split_list(path_list_)) {
    const std::string candidate = dir + "/" + name;
    struct stat status {};
    if (::stat(candidate.c_str(), &status) != 0) {
      if (errno == EACCES) worst = EACCES;
      continue;
    }
    if (S_ISREG(status.st_mode) &&
        ::faccessat(AT_FDCWD, candidate.c_str(), X_OK, AT_EACCESS) == 0) {
      file_ = candidate;
      return 0;
    }
    worst = EACCES;
  }
  return worst;
}

int Program::exec() const noexcept {
  ::execve(file_.c_str(), argv_.data(), envp_.data());
  return errno;
}

}  // namespace driftcage::cage
