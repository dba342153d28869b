// SPDX-License-Identifier: Apache-2.0
#include "harness/match/loader_rules.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "harness/base/dynamic_token.h"
#include "harness/base/path.h"

namespace driftcage::match {
namespace {

using model::ElfKind;

// A program that loads plugins again and again is not worth the memory.
constexpr std::size_t kMaxObjects = 4096;
// Of a list with what its tokens stand for.
constexpr std::size_t kMaxText = 1u << 20;

struct Token {
  std::string_view name;
  std::span<const std::string_view> values;
};

constexpr std::array<Token, 2> kTokens{
    {{"LIB", kLibValues}, {"PLATFORM", kPlatformValues}}};

// One directory for each value that its token may have.
std::vector<std::string> expand(const std::string& directory,
                                std::span<const Token> tokens) {
  if (tokens.empty() || directory.find('$') == std::string::npos)
    return {tidy_directory(directory)};
  const Token& token = tokens.front();
  std::vector<std::string> all;
  for (const std::string_view value : token.values) {
    std::string one = directory;
    const bool replaced =
        base::replace_dynamic_token(one, token.name, value, kMaxText);
    for (std::string& more : expand(one, tokens.subspan(1)))
      all.push_back(std::move(more));
    if (!replaced) break;
  }
  return all;
}

std::vector<std::string> directories(std::string_view list) {
  std::vector<std::string> all;
  if (list.empty()) return all;
  for (const std::string& one : base::path::split_list(list)) {
    for (std::string& directory : expand(one, kTokens))
      all.push_back(std::move(directory));
  }
  return all;
}

void append(std::vector<std::string>& to,
            const std::vector<std::string>& more) {
  for (const std::string& one : more) {
    if (std::find(to.begin(), to.end(), one) == to.end()) to.push_back(one);
  }
}

bool contains(const std::vector<std::string>& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
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
    preload_ = base::path::split_list(names);
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
  set_library_path(exec.exec ? base::path::dir_name(exec.exec->exe)
                             : std::string_view());
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
    if (name == "--preload") append(preload_, base::path::split_list(*value));
  }
}

// glibc: $ORIGIN is the program's, and semicolons separate too.
void LoaderRules::set_library_path(std::string_view origin) {
  std::string list = library_path_text_;
  std::replace(list.begin(), list.end(), musl_ ? '\n' : ';', ':');
  if (!origin.empty())
    base::replace_dynamic_token(list, "ORIGIN", origin, kMaxText);
  library_path_ = directories(list);
}

void LoaderRules::learn(const model::ElfSearch& elf, const std::string& path) {
  if (objects_.size() >= kMaxObjects) {
    blind_ = true;
    return;
  }
  const std::string name(base::path::base_name(path));
  Object object;
  object.needed = elf.needed;
  object.runpath = directories(elf.runpath);
  if (object.runpath.empty()) object.rpath = directories(elf.rpath);
  object.loader = requester(path);
  if (!object.loader) object.loader = requester(name);
  if (!object.loader && !objects_.empty()) group_ = objects_.size();
  objects_.push_back(std::move(object));
  met_.insert(name);
  met_.insert(path);
}

void LoaderRules::opened(const model::Event& event, bool library) {
  if (!event.ok()) return;
  if (event.path == "/etc/ld.so.cache") cache_ = cache_fresh_ = true;
  if (event.path.starts_with("/etc/ld-musl-")) path_file_ = true;
  if (!event.elf) {
    blind_ |= library;
    return;
  }
  if (event.elf->kind != ElfKind::Object) return;
  if (program_ && objects_.empty()) {
    const std::string& file = event.abs.empty() ? event.path : event.abs;
    set_library_path(base::path::dir_name(file));
  }
  learn(*event.elf, event.path);
}

void LoaderRules::missed(const std::string& name) {
  const auto asked = requester(name);
  if (!asked || group_ == 0 || *asked < group_) return;
  objects_.resize(group_);
  group_ = 0;
}

std::optional<std::size_t> LoaderRules::requester(
    const std::string& name) const {
  if (objects_.empty()) return std::nullopt;
  const auto first = [&](std::size_t from) -> std::optional<std::size_t> {
    const auto found = std::find_if(
        objects_.begin() + static_cast<std::ptrdiff_t>(from), objects_.end(),
        [&name](const Object& one) { return contains(one.needed, name); });
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

std::vector<LoadPlace> LoaderRules::lists_of(std::size_t requester) const {
  std::vector<LoadPlace> lists;
  const LoadPlace variable{"LD_LIBRARY_PATH", library_path_};
  std::vector<std::size_t> chain;
  for (std::optional<std::size_t> one = requester; one;
       one = objects_[*one].loader) {
    chain.push_back(*one);
  }
  if (musl_) {
    lists.push_back(variable);
    for (const std::size_t one : chain) {
      const Object& object = objects_[one];
      lists.push_back({"RPATH", object.rpath});
      lists.push_back({"RUNPATH", object.runpath});
    }
    return lists;
  }
  // A RUNPATH of who asks switches off the RPATHs of all.
  if (objects_[requester].runpath.empty()) {
    LoadPlace rpath{"RPATH", {}};
    if (chain.back() != 0) chain.push_back(0);
    for (const std::size_t one : chain)
      append(rpath.directories, objects_[one].rpath);
    lists.push_back(std::move(rpath));
  }
  lists.push_back(variable);
  lists.push_back({"RUNPATH", objects_[requester].runpath});
  return lists;
}

std::vector<LoadPlace> LoaderRules::all_lists() const {
  LoadPlace rpath{"RPATH", {}};
  LoadPlace runpath{"RUNPATH", {}};
  for (const Object& object : objects_) {
    append(rpath.directories, object.rpath);
    append(runpath.directories, object.runpath);
  }
  LoadPlace variable{"LD_LIBRARY_PATH", library_path_};
  if (musl_) return {variable, rpath, runpath};
  return {rpath, variable, runpath};
}

LoadPlan LoaderRules::plan(const std::string& name) const {
  LoadPlan plan;
  const auto asked = requester(name);
  plan.lists = asked ? lists_of(*asked) : all_lists();
  plan.loader_directory = loader_directory_;
  plan.library = name.starts_with("lib") || name.starts_with("ld-");
  plan.cache = cache_;
  plan.path_file = path_file_;
  plan.certain = asked && !met_.contains(name);
  plan.blind = blind_;
  return plan;
}

bool LoaderRules::take_cache() { return std::exchange(cache_fresh_, false); }

bool LoaderRules::searches_here() const {
  return blind_ || contains(library_path_, ".") ||
         std::any_of(objects_.begin(), objects_.end(), [](const Object& one) {
           return contains(one.rpath, ".") || contains(one.runpath, ".");
         });
}

bool LoaderRules::is_program(const model::Event& event) const {
  return program_ && objects_.empty() && event.path == *program_;
}

}  // namespace driftcage::match
