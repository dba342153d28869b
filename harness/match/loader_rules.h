// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/model/event.h"

namespace driftcage::match {

// What the dynamic loader of one program goes by, see ld.so(8) and musl's
// ldso/dynlink.c, to tell why it looks into a directory:
//
//   RPATH            of a file that has no RUNPATH; looked at first
//   LD_LIBRARY_PATH
//   RUNPATH
//   ld.so.cache      glibc's index of the directories of ld.so.conf
//   path-file        musl's /etc/ld-musl-ARCH.path
//   default          the directories that are built in
//   path             none of these: the program gave the whole path itself
//
// A file's own RPATH or RUNPATH is known once it was opened.
class LoaderRules {
 public:
  // A program starts; `library_path` is its LD_LIBRARY_PATH or null.
  void start(const std::string* library_path, const model::Event& exec);
  // Any open of the program, in order.
  void opened(const model::Event& event);
  // Which rule leads to `directory`. `found`: the library was there; `before`:
  // the rule of the same search's last step, empty for the first.
  [[nodiscard]] std::string_view rule_of(std::string_view directory,
                                         std::string_view name, bool found,
                                         std::string_view before) const;

 private:
  void learn(const model::ElfSearch& search);

  std::vector<std::string> rpath_;
  std::vector<std::string> library_path_;
  std::vector<std::string> runpath_;
  bool cache_ = false;
  bool path_file_ = false;
};

}  // namespace driftcage::match
