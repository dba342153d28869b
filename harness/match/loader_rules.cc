// SPDX-License-Identifier: Apache-2.0
#include "harness/match/loader_rules.h"

#include <algorithm>
#include <array>
#include <climits>
#include <span>
#include <utility>

#include "harness/base/dynamic_token.h"
#include "harness/base/path.h"

namespace driftcage::match {
namespace {

using model::ElfKind;

// A program that loads plugins again and again is not worth the memory; nor is
// one whose lists are longer than any that work.
constexpr std::size_t kMaxObjects = 4096;
constexpr std::size_t kMaxObjectText = 1u << 20;  // of all objects
constexpr std::size_t kMaxDirectories = 1024;     // of a list
constexpr std::size_t kMaxListText = 256u << 10;
constexpr std::size_t kMaxPreloads = 1024;

struct Token {
  std::string_view name;
  std::span<const std::string_view> values;
};

constexpr std::array<Token, 2> kTokens{
    {{"LIB", kLibValues}, {"PLATFORM", kPlatformValues}}};

const Directories& no_directories() {
  static const auto kNone = std::make_shared<const std::vector<std::string>>();
  return kNone;
}

// Different directories, in order.
class DirectoryList {
 public:
  void add(std::string directory) {
    // No call takes such a name.
    if (directory.size() >= PATH_MAX || known_.contains(directory)) return;
    cut_ = cut_ || all_.size() >= kMaxDirectories ||
           text_ + directory.size() > kMaxListText;
    if (cut_) return;
    text_ += directory.size();
    known_.insert(directory);
    all_.push_back(std::move(directory));
  }
  // Whether there were more than a list may have.
  [[nodiscard]] bool is_cut() const { return cut_; }
  Directories take() {
    if (all_.empty()) return no_directories();
    return std::make_shared<const std::vector<std::string>>(std::move(all_));
  }

 private:
  std::vector<std::string> all_;
  std::unordered_set<std::string> known_;
  std::size_t text_ = 0;
  bool cut_ = false;
};

// One directory for each value that its token may have.
void expand(const std::string& directory, std::span<const Token> tokens,
            DirectoryList& to) {
  if (tokens.empty() || directory.find('$') == std::string::npos) {
    to.add(tidy_directory(directory));
    return;
  }
  const Token& token = tokens.front();
  for (const std::string_view value : token.values) {
    std::string one = directory;
    const bool replaced =
        base::replace_dynamic_token(one, token.name, value, PATH_MAX);
    expand(one, tokens.subspan(1), to);
    if (!replaced || to.is_cut()) return;
  }
}

// `origin`: what $ORIGIN stands for, when that was not replaced before.
Directories directories(std::string_view list, std::string_view origin,
                        bool& cut) {
  DirectoryList all;
  if (!list.empty()) {
    for (std::string& one : base::path::split_list(list)) {
      if (!origin.empty())
        base::replace_dynamic_token(one, "ORIGIN", origin, PATH_MAX);
      expand(one, kTokens, all);
      if (all.is_cut()) break;
    }
  }
  cut = cut || all.is_cut();
  return all.take();
}

// Of several lists; of most programs not more than one has anything.
class Merged {
 public:
  void add(const Directories& list) {
    if (!list->empty()) lists_.push_back(list);
  }
  [[nodiscard]] Directories take(bool& cut) const {
    if (lists_.empty()) return no_directories();
    if (lists_.size() == 1) return lists_.front();
    DirectoryList all;
    for (const Directories& list : lists_) {
      for (const std::string& one : *list) all.add(one);
      if (all.is_cut()) break;
    }
    cut = cut || all.is_cut();
    return all.take();
  }

 private:
  std::vector<Directories> lists_;
};

bool contains(const std::vector<std::string>& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

void add_preloads(std::vector<std::string>& names, std::string_view list) {
  for (std::string& name : base::path::split_list(list)) {
    if (names.size() >= kMaxPreloads) return;
    names.push_back(std::move(name));
  }
}

bool is_musl(std::string_view loader) {
  const std::string_view name = base::path::base_name(loader);
  return name.starts_with("ld-musl-") || name.starts_with("libc.");
}

}  // namespace

void LoaderRules::start(const std::string* library_path,
                        const std::string* preload, const model::Event& exec) {
  *this = {};
  library_path_text_ = library_path == nullptr ? "" : *library_path;
  if (preload != nullptr) {
    std::string names = *preload;
    std::replace(names.begin(), names.end(), ' ', ':');
    add_preloads(preload_, names);
  }
  blind_ = !exec.elf.has_value();
  const bool by_loader = exec.elf && exec.elf->kind == ElfKind::Loader;
  static_ = exec.elf && exec.elf->kind == ElfKind::Static;
  std::string loader;
  if (exec.exec && by_loader)
    loader = exec.exec->exe;
  else if (exec.exec && !static_ && !exec.exec->interpreters.empty())
    loader = exec.exec->interpreters.back();
  musl_ = is_musl(loader);
  if (!loader.empty())
    loader_directory_ = tidy_directory(base::path::dir_name(loader));
  if (by_loader) {
    program_.emplace();
    if (exec.exec) start_loader(*exec.exec);
    return;
  }
  if (exec.elf && !static_) learn(*exec.elf, exec.path);
  if (exec.exec) origin_ = base::path::dir_name(exec.exec->exe);
}

std::size_t LoaderRules::Object::text() const {
  std::size_t sum = sizeof(Object) + path.size();
  for (const auto* list : {&needed, rpath.get(), runpath.get()}) {
    for (const std::string& one : *list)
      sum += sizeof(std::string) + one.size();
  }
  return sum;
}

// ld.so(8): "ld.so [OPTION]... PROGRAM [ARGUMENT]...".
void LoaderRules::start_loader(const model::ExecDetail& exec) {
  static constexpr std::array<std::string_view, 7> kWithValue{
      "--library-path",     "--inhibit-rpath", "--audit",
      "--preload",          "--argv0",         "--glibc-hwcaps-prepend",
      "--glibc-hwcaps-mask"};
  for (std::size_t i = 1; i < exec.argv.size(); ++i) {
    const std::string& word = exec.argv[i];
    if (!word.starts_with("--")) {
      program_ = word;
      return;
    }
    std::string name = word;
    std::optional<std::string> value;
    // musl takes both forms.
    if (const auto equal = word.find('='); equal != std::string::npos) {
      name = word.substr(0, equal);
      value = word.substr(equal + 1);
    } else if (std::find(kWithValue.begin(), kWithValue.end(), word) !=
                   kWithValue.end() &&
               i + 1 < exec.argv.size()) {
      value = exec.argv[++i];
    }
    if (!value) continue;
    if (name == "--library-path") library_path_text_ = *value;
    if (name == "--preload") add_preloads(preload_, *value);
  }
}

// glibc: $ORIGIN is the program's, and semicolons separate too.
const Directories& LoaderRules::library_path() const {
  if (library_path_) return library_path_;
  std::string list = library_path_text_;
  std::replace(list.begin(), list.end(), musl_ ? '\n' : ';', ':');
  library_path_cut_ = false;
  library_path_ = directories(list, origin_, library_path_cut_);
  return library_path_;
}

void LoaderRules::learn(const model::ElfSearch& elf, const std::string& path) {
  auto object = std::make_shared<Object>();
  object->path = path;
  object->needed = elf.needed;
  object->runpath = directories(elf.runpath, {}, blind_);
  object->rpath = object->runpath->empty() ? directories(elf.rpath, {}, blind_)
                                           : no_directories();
  if (objects_.size() >= kMaxObjects ||
      text_ + object->text() > kMaxObjectText) {
    blind_ = true;
    return;
  }
  object->loader = requester(path);
  if (!object->loader)
    object->loader = requester(std::string(base::path::base_name(path)));
  if (!object->loader && !objects_.empty()) group_ = objects_.size();
  text_ += object->text();
  meet(*object);
  objects_.push_back(std::move(object));
  all_rpaths_ = all_runpaths_ = nullptr;
}

void LoaderRules::meet(const Object& object) {
  met_.insert(base::path::base_name(object.path));
  met_.insert(object.path);
}

bool LoaderRules::learns_from(const model::Event& event, bool library) const {
  if (!event.ok()) return false;
  if (event.path == "/etc/ld.so.cache" ||
      event.path.starts_with("/etc/ld-musl-")) {
    return true;
  }
  return event.elf ? event.elf->kind == ElfKind::Object : library && !blind_;
}

void LoaderRules::opened(const model::Event& event, bool library) {
  if (!learns_from(event, library)) return;
  if (event.path == "/etc/ld.so.cache") cache_ = cache_fresh_ = true;
  if (event.path.starts_with("/etc/ld-musl-")) path_file_ = true;
  if (!event.elf) {
    blind_ |= library;
    return;
  }
  if (event.elf->kind != ElfKind::Object) return;
  if (program_ && objects_.empty()) {
    const std::string& file = event.abs.empty() ? event.path : event.abs;
    origin_ = base::path::dir_name(file);
    library_path_ = nullptr;
  }
  learn(*event.elf, event.path);
}

bool LoaderRules::is_lost(const std::string& name) const {
  if (group_ == 0) return false;
  const auto asked = requester(name);
  return asked && *asked >= group_;
}

void LoaderRules::missed(const std::string& name) {
  if (!is_lost(name)) return;
  // What went is to be loaded again by who asks for it next.
  met_.clear();
  objects_.resize(group_);
  group_ = 0;
  text_ = 0;
  for (const auto& object : objects_) {
    meet(*object);
    text_ += object->text();
  }
  all_rpaths_ = all_runpaths_ = nullptr;
}

std::optional<std::size_t> LoaderRules::requester(
    const std::string& name) const {
  if (objects_.empty()) return std::nullopt;
  const auto first = [&](std::size_t from) -> std::optional<std::size_t> {
    const auto found = std::find_if(
        objects_.begin() + static_cast<std::ptrdiff_t>(from), objects_.end(),
        [&name](const auto& one) { return contains(one->needed, name); });
    if (found == objects_.end()) return std::nullopt;
    return static_cast<std::size_t>(found - objects_.begin());
  };
  // The program is taken for who asks for what is preloaded.
  if (contains(preload_, name) && !met_.contains(name)) return 0;
  auto asked = first(group_);
  // Objects of before have what they need, or were never to get it.
  if (!asked && !met_.contains(name)) asked = first(0);
  return asked;
}

std::vector<LoadPlace> LoaderRules::lists_of(std::size_t requester,
                                             bool& cut) const {
  std::vector<LoadPlace> lists;
  const LoadPlace variable{"LD_LIBRARY_PATH", library_path()};
  std::vector<std::size_t> chain;
  for (std::optional<std::size_t> one = requester; one;
       one = objects_[*one]->loader) {
    chain.push_back(*one);
  }
  if (musl_) {
    lists.push_back(variable);
    for (const std::size_t one : chain) {
      const Object& object = *objects_[one];
      if (!object.rpath->empty()) lists.emplace_back("RPATH", object.rpath);
      if (!object.runpath->empty())
        lists.emplace_back("RUNPATH", object.runpath);
    }
    return lists;
  }
  // A RUNPATH of who asks switches off the RPATHs of all.
  if (objects_[requester]->runpath->empty()) {
    Merged rpath;
    if (chain.back() != 0) chain.push_back(0);
    for (const std::size_t one : chain) rpath.add(objects_[one]->rpath);
    lists.emplace_back("RPATH", rpath.take(cut));
  }
  lists.push_back(variable);
  lists.emplace_back("RUNPATH", objects_[requester]->runpath);
  return lists;
}

std::vector<LoadPlace> LoaderRules::all_lists(bool& cut) const {
  if (!all_rpaths_) {
    Merged rpaths;
    Merged runpaths;
    for (const auto& object : objects_) {
      rpaths.add(object->rpath);
      runpaths.add(object->runpath);
    }
    all_lists_cut_ = false;
    all_rpaths_ = rpaths.take(all_lists_cut_);
    all_runpaths_ = runpaths.take(all_lists_cut_);
  }
  cut = cut || all_lists_cut_;
  const LoadPlace rpath{"RPATH", all_rpaths_};
  const LoadPlace runpath{"RUNPATH", all_runpaths_};
  const LoadPlace variable{"LD_LIBRARY_PATH", library_path()};
  if (musl_) return {variable, rpath, runpath};
  return {rpath, variable, runpath};
}

LoadPlan LoaderRules::plan(const std::string& name) const {
  LoadPlan plan;
  const auto asked = requester(name);
  bool cut = false;
  plan.lists = asked ? lists_of(*asked, cut) : all_lists(cut);
  plan.loader_directory = loader_directory_;
  plan.library = name.starts_with("lib") || name.starts_with("ld-");
  plan.cache = cache_;
  plan.path_file = path_file_;
  plan.certain = asked && !met_.contains(name);
  plan.blind = blind_ || library_path_cut_ || cut;
  return plan;
}

bool LoaderRules::take_cache() { return std::exchange(cache_fresh_, false); }

bool LoaderRules::searches_here() const {
  return blind_ || contains(*library_path(), ".") ||
         std::any_of(objects_.begin(), objects_.end(), [](const auto& one) {
           return contains(*one->rpath, ".") || contains(*one->runpath, ".");
         });
}

bool LoaderRules::is_program(const model::Event& event) const {
  return program_ && objects_.empty() && event.path == *program_;
}

}  // namespace driftcage::match
