// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "harness/match/load_route.h"
#include "harness/model/event.h"

namespace driftcage::match {

// What the dynamic loader of one program goes by: its variables, and which
// objects are loaded, in the order of loading, with what each of them needs.
// Needs are met breadth first, so the first object that needs a library is the
// one that asks for it, and whose RPATH or RUNPATH counts.
class LoaderRules {
 public:
  // A program starts; `library_path` and `preload` are its LD_LIBRARY_PATH and
  // LD_PRELOAD or null.
  void start(const std::string* library_path, const std::string* preload,
             const model::Event& exec);
  // Any open of the program, in order. `library`: it may be of one, for a load.
  void opened(const model::Event& event, bool library);
  // Whether such an open changes anything.
  [[nodiscard]] bool learns_from(const model::Event& event, bool library) const;
  // No place had `name`: who needed it goes, too.
  void missed(const std::string& name);
  // Whether anything would go.
  [[nodiscard]] bool is_lost(const std::string& name) const;

  // Where `name` is looked for, if it is searched for now.
  [[nodiscard]] LoadPlan plan(const std::string& name) const;
  // Whether the cache was opened since the last take_cache().
  [[nodiscard]] bool is_cache_fresh() const { return cache_fresh_; }
  [[nodiscard]] bool take_cache();
  // Whether the program has a loader at all. A static one may bring glibc's,
  // which shows when it opens the cache.
  [[nodiscard]] bool loads() const { return !static_ || cache_; }
  // Whether a list may hold the working directory, as an empty element: only
  // then a name without a slash is opened as it is.
  [[nodiscard]] bool searches_here() const;
  // Whether the loader, run as a program, opens the program proper.
  [[nodiscard]] bool is_program(const model::Event& event) const;

 private:
  struct Object {
    std::string path;  // that was opened
    std::vector<std::string> needed;
    Directories rpath;  // empty with a RUNPATH
    Directories runpath;
    std::optional<std::size_t> loader;  // who asked for it

    [[nodiscard]] std::size_t text() const;
  };

  void start_loader(const model::ExecDetail& exec);
  void learn(const model::ElfSearch& elf, const std::string& path);
  void meet(const Object& object);
  [[nodiscard]] std::optional<std::size_t> requester(
      const std::string& name) const;
  [[nodiscard]] const Directories& library_path() const;
  // `cut` is set when a list has no room for all that it should have.
  [[nodiscard]] std::vector<LoadPlace> lists_of(std::size_t requester,
                                                bool& cut) const;
  [[nodiscard]] std::vector<LoadPlace> all_lists(bool& cut) const;

  // The program is the first.
  std::vector<std::shared_ptr<const Object>> objects_;
  std::size_t text_ = 0;  // how much they hold
  // Where in it the objects of the last dlopen(3) begin; 0: none was seen.
  std::size_t group_ = 0;
  // Names and paths of the objects, whose own texts these are.
  std::unordered_set<std::string_view> met_;
  std::string library_path_text_;
  std::string origin_;  // of the program; empty: not known yet
  // Made when they are asked for, which a static program's never are. Null: to
  // be made.
  mutable Directories library_path_;
  mutable bool library_path_cut_ = false;
  mutable Directories all_rpaths_;
  mutable Directories all_runpaths_;
  mutable bool all_lists_cut_ = false;
  std::vector<std::string> preload_;
  std::string loader_directory_;
  std::optional<std::string> program_;  // that the loader is to run
  bool musl_ = false;
  bool static_ = false;
  bool blind_ = true;
  bool cache_ = false;
  bool cache_fresh_ = false;
  bool path_file_ = false;
};

}  // namespace driftcage::match
