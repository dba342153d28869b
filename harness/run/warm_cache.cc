// SPDX-License-Identifier: Apache-2.0
#include "harness/run/warm_cache.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "harness/base/path.h"
#include "harness/base/sys.h"
#include "harness/image/fingerprint.h"
#include "harness/image/tree_walk.h"
#include "harness/plan/planner.h"
#include "harness/run/capture.h"
#include "harness/run/folders.h"

namespace driftcage::run {
namespace {

namespace fs = std::filesystem;
namespace op = model::op;

// Bumped when the programs below change.
constexpr const char* kRecipe = "warm-1";
constexpr std::uint64_t kTimeoutMs = 600'000;
// KEY.image beside the cache KEY: the root that it was made over. Not inside,
// where a payload has written.
constexpr std::string_view kImageSuffix = ".image";
constexpr std::string_view kDraft = ".tmp";  // and a process id
// A cache that no run has used for so long is removed.
constexpr auto kUnusedFor = std::chrono::hours(24 * 30);

constexpr const char* kHello = R"(package main

import (
	"fmt"
	"os"
)

func main() { fmt.Println("hello", len(os.Args)) }
)";
constexpr const char* kNet = R"(package main

import (
	"fmt"
	"net"
	"os/exec"
	"os/user"
)

func main() {
	u, err := user.Current()
	fmt.Println(net.ParseIP("::1"), u, err, exec.ErrNotFound)
}
)";
constexpr const char* kCgo = R"(package main

// static int answer(void) { return 42; }
import "C"
import "fmt"

func main() { fmt.Println(int(C.answer())) }
)";

std::string go_value(const model::Facts& facts, const std::string& name) {
  const auto value = facts.go_env.find(name);
  return value == facts.go_env.end() ? "" : value->second;
}

// Where the cache is in the cage; empty where none can be mounted. The image's
// own program says it, so it may be anything.
std::string cache_place(const model::Facts& facts) {
  std::string place = base::path::clean(go_value(facts, "GOCACHE"));
  return place.starts_with('/') && place != "/" ? place : "";
}

// Programs of the image filled the folder around it: a link in its place would
// show the cage what it leads to.
bool is_cache(const std::string& path) {
  std::error_code none;
  return fs::is_directory(fs::symlink_status(path, none));
}

// Everything that Go's own action ids depend on, apart from sources.
std::string key_of(const image::Image& image, const model::Facts& facts) {
  image::Fingerprint key;
  key.add(kRecipe);
  key.add(image.root);
  for (const auto& [path, text] : image.warm.files) {
    key.add(path);
    key.add(text);
  }
  for (const auto& command : image.warm.commands) {
    for (const std::string& word : command) key.add(word);
    key.add("");
  }
  for (const char* name : {"go", "gcc"}) {
    if (const model::Tool* tool = facts.tool(name)) {
      key.add(tool->path);
      key.add(tool->version);
    }
  }
  for (const char* name : {"GOROOT", "GOVERSION", "GOARCH", "CC"}) {
    key.add(go_value(facts, name));
  }
  key.add_file(image.root, go_value(facts, "GOTOOLDIR") + "/compile");
  // A cage of root maps other ids than one of an ordinary user.
  key.add(std::to_string(::geteuid()));
  key.add(std::to_string(image.uid));
  return key.text();
}

// A healthy cage in which what the payload builds stays in `directory`.
model::CageSpec warming_cage(const image::Image& image,
                             const model::Facts& facts,
                             const std::string& directory,
                             std::vector<std::string> command) {
  model::CageSpec spec = plan::healthy_cage(image, std::move(command));
  // The parent, so that the payload itself makes the cache: then it owns it,
  // whatever ids the cage maps.
  spec.ops.emplace_back(op::MountShared{
      directory, std::string(base::path::dir_name(cache_place(facts)))});
  spec.timeout_ms = kTimeoutMs;
  return spec;
}

// The builds that fill the cache, one cage each: with cgo and without, because
// a leg whose compiler is gone builds the second kind; then the recipe's own.
std::vector<model::CageSpec> builds(const image::Image& image,
                                    const model::Facts& facts,
                                    const std::string& directory) {
  const std::string go = facts.tool("go")->path;
  const bool cgo = facts.tool("gcc") != nullptr;
  std::vector<std::vector<std::string>> commands;
  if (cgo) {
    commands.push_back(
        {go, "build", "-o", "/tmp/warm/", "./hello", "./net", "./cgo"});
  }
  commands.push_back({go, "build", "-o", "/tmp/warm/", "./hello", "./net"});
  std::vector<model::CageSpec> specs;
  for (auto& command : commands) {
    model::CageSpec spec =
        warming_cage(image, facts, directory, std::move(command));
    const std::string work = plan::kWork;
    // Go 1.15 does not make the directory that -o names.
    spec.ops.emplace_back(op::MakeDirectory{"/tmp/warm", 0755});
    spec.ops.emplace_back(
        op::WriteFile{work + "/go.mod", "module warm\n\ngo 1.15\n"});
    spec.ops.emplace_back(op::WriteFile{work + "/hello/main.go", kHello});
    spec.ops.emplace_back(op::WriteFile{work + "/net/main.go", kNet});
    spec.ops.emplace_back(op::WriteFile{work + "/cgo/main.go", kCgo});
    spec.environment["CGO_ENABLED"] = specs.empty() && cgo ? "1" : "0";
    specs.push_back(std::move(spec));
  }
  for (const auto& command : image.warm.commands) {
    model::CageSpec spec = warming_cage(image, facts, directory, command);
    for (const auto& [path, text] : image.warm.files) {
      spec.ops.emplace_back(
          op::WriteFile{base::path::absolute(plan::kWork, path), text});
    }
    specs.push_back(std::move(spec));
  }
  return specs;
}

// Go compares the time of its last trim with the clock: once a day it would
// look at all entries and write this file. The text has ten digits until 2286.
void renew_trim_time(const std::string& cache) {
  const auto fd =
      base::sys::open(cache + "/trim.txt", O_WRONLY | O_NOFOLLOW | O_NONBLOCK);
  if (!fd) return;
  struct ::stat info {};
  if (::fstat(fd->get(), &info) != 0 || !S_ISREG(info.st_mode)) return;
  const std::string now = std::to_string(::time(nullptr));
  if (static_cast<std::size_t>(info.st_size) != now.size()) return;
  // In place: another run's go reads the old time or the new one.
  static_cast<void>(::pwrite(fd->get(), now.data(), now.size(), 0));
}

// Makes the files of a cache new. Go touches an entry that it uses and that is
// older than an hour, which copies it up into the cage: then what a leg does
// would depend on the age of the cache. Only times change, so runs that have
// the cache mounted do not notice. What cannot be touched stays as it is.
void renew(const std::string& folder, const std::string& key,
           const std::string& cache) {
  std::error_code error;
  for (fs::recursive_directory_iterator it(cache, error), end;
       !error && it != end; it.increment(error)) {
    static_cast<void>(::utimensat(AT_FDCWD, it->path().c_str(), nullptr,
                                  AT_SYMLINK_NOFOLLOW));
  }
  renew_trim_time(cache);
  // The mark of its last use.
  const std::string mark = folder + "/" + key + std::string(kImageSuffix);
  static_cast<void>(
      ::utimensat(AT_FDCWD, mark.c_str(), nullptr, AT_SYMLINK_NOFOLLOW));
}

// A folder that is removed again unless it was kept.
class Draft {
 public:
  // What killed runs left of the same draft goes first; the caller has a lock.
  static base::Result<Draft> create(const std::string& folder,
                                    const std::string& prefix) {
    Draft draft;
    draft.folder_ = DRIFTCAGE_TRY(
        base::sys::open(folder, O_PATH | O_DIRECTORY | O_NOFOLLOW));
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
      const std::string name = entry.path().filename().string();
      if (!name.starts_with(prefix)) continue;
      static_cast<void>(image::remove_tree(draft.folder_.get(), name));
    }
    const std::string name = prefix + std::to_string(::getpid());
    draft.path_ = folder + "/" + name;
    DRIFTCAGE_CHECK_OK(base::sys::mkdir(draft.path_, 0700));
    draft.name_ = name;
    return draft;
  }
  Draft(Draft&& other) noexcept
      : folder_(std::move(other.folder_)),
        path_(std::move(other.path_)),
        name_(std::exchange(other.name_, {})) {}
  Draft& operator=(Draft&&) = delete;
  ~Draft() {
    if (!name_.empty()) {
      static_cast<void>(image::remove_tree(folder_.get(), name_));
    }
  }

  [[nodiscard]] const std::string& path() const { return path_; }
  base::Status keep_as(const std::string& name) {
    // Nothing that could be used is there.
    DRIFTCAGE_CHECK_OK(image::remove_tree(folder_.get(), name));
    if (::renameat(folder_.get(), name_.c_str(), folder_.get(), name.c_str()) !=
        0) {
      return base::fail("rename", path_, errno);
    }
    name_.clear();
    return {};
  }

 private:
  Draft() = default;

  base::UniqueFd folder_;
  std::string path_;
  std::string name_;  // empty: nothing to remove
};

}  // namespace

base::Result<std::string> stored_warm_cache(const image::Image& image,
                                            const model::Facts& facts) {
  const std::string place = cache_place(facts);
  if (facts.tool("go") == nullptr || place.empty()) return "";
  const std::string folder = DRIFTCAGE_TRY(cache_folder()) + "/warm";
  const std::string key = key_of(image, facts);
  std::string cache =
      folder + "/" + key + "/" + std::string(base::path::base_name(place));
  if (!is_cache(cache)) return "";
  renew(folder, key, cache);
  return cache;
}

base::Result<std::string> warm_cache(
    Launcher& launcher, const image::Image& image, const model::Facts& facts,
    const std::string& folder,
    const std::function<void(const std::string&)>& preparing) {
  const std::string place = cache_place(facts);
  if (facts.tool("go") == nullptr || place.empty()) return "";
  DRIFTCAGE_CHECK_OK(base::sys::make_directories(folder, 0700));
  const std::string key = key_of(image, facts);
  const std::string name(base::path::base_name(place));
  const std::string cache = folder + "/" + key + "/" + name;
  if (is_cache(cache)) {
    renew(folder, key, cache);
    return cache;
  }

  preparing("warming the build cache of " + image.reference + " (once)");
  const auto stays_cold = [&](const std::string& why) {
    preparing("the build cache of " + image.reference + " stays cold: " + why);
    return std::string();
  };
  const base::UniqueFd lock =
      DRIFTCAGE_TRY(lock_file(folder + "/." + key + ".lock"));
  if (is_cache(cache)) return cache;
  for (const std::string& what : remove_stale_caches(folder)) {
    preparing("removed the " + what);
  }
  Draft draft =
      DRIFTCAGE_TRY(Draft::create(folder, "." + key + std::string(kDraft)));
  // Root's cages map other ids; the folder around keeps everybody else out.
  const mode_t open_mode = ::geteuid() == 0 ? 0777 : 0700;
  if (::chmod(draft.path().c_str(), open_mode) != 0) {
    return base::fail("chmod", draft.path(), errno);
  }
  for (const model::CageSpec& spec : builds(image, facts, draft.path())) {
    // One after the other: both want all CPUs.
    const auto results = capture(launcher, {spec});
    const auto& result = results.front();
    if (!result) return tl::make_unexpected(result.error());
    if (!result->success()) {
      // A build that was cut off says nothing itself.
      const bool ended = result->end.outcome == wire::Outcome::Finished;
      return stays_cold(
          ended ? result->err.substr(0, 200)
                : std::string(wire::outcome_name(result->end.outcome)));
    }
  }
  if (!is_cache(draft.path() + "/" + name)) {
    return stays_cold("the build made no folder " + place);
  }
  if (::chmod(draft.path().c_str(), 0755) != 0) {
    return base::fail("chmod", draft.path(), errno);
  }
  DRIFTCAGE_CHECK_OK(base::sys::replace_file(
      folder + "/" + key + std::string(kImageSuffix), image.root, 0600));
  DRIFTCAGE_CHECK_OK(draft.keep_as(key));
  return cache;
}

std::vector<std::string> remove_stale_caches(const std::string& folder) {
  std::vector<std::string> removed;
  const auto top = base::sys::open(folder, O_PATH | O_DIRECTORY | O_NOFOLLOW);
  if (!top) return removed;
  std::vector<fs::path> marks;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() == kImageSuffix) marks.push_back(entry.path());
  }
  // Drafts of runs that were killed: their process is gone.
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    const std::size_t pid = name.rfind(kDraft);
    if (!name.starts_with('.') || pid == std::string::npos) continue;
    const std::string process = "/proc/" + name.substr(pid + kDraft.size());
    if (fs::exists(process, error) || !image::remove_tree(top->get(), name)) {
      continue;
    }
    removed.emplace_back("unfinished build cache");
  }
  for (const fs::path& mark : marks) {
    const auto root = base::sys::read_file(mark.string());
    if (!root) continue;
    std::error_code ignored;
    const auto used = fs::last_write_time(mark, ignored);
    const bool old =
        !ignored && fs::file_time_type::clock::now() - used > kUnusedFor;
    if (!old && fs::is_directory(*root, ignored)) continue;
    if (!image::remove_tree(top->get(), mark.stem().string())) continue;
    static_cast<void>(image::remove_tree(top->get(), mark.filename().string()));
    removed.push_back("build cache of " + *root);
  }
  return removed;
}

}  // namespace driftcage::run
