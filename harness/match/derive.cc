// SPDX-License-Identifier: Apache-2.0
#include "harness/match/derive.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>
#include <variant>

#include "harness/base/path.h"
#include "harness/match/load_search.h"
#include "harness/match/path_search.h"

namespace driftcage::match {
namespace {

// Where programs search that have no PATH.
constexpr std::array<std::string_view, 5> kDefaultPaths{
    "/bin:/usr/bin",                 // glibc's execvp
    "/usr/local/bin:/bin:/usr/bin",  // musl's
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",    // dash
    "/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin:.",  // bash
    "/sbin:/usr/sbin:/bin:/usr/bin"};  // busybox
// Different values of PATH remembered; a program that invents them is not
// worth the memory.
constexpr std::size_t kMaxPaths = 1024;

bool follows_no_link(const model::Event& event) {
  switch (event.syscall) {
    case model::Syscall::Lstat:
    case model::Syscall::Lstat64:
      return true;
    case model::Syscall::Newfstatat:
    case model::Syscall::Fstatat64:
    case model::Syscall::Statx:
      return (event.flags & AT_SYMLINK_NOFOLLOW) != 0;
    default:
      return false;
  }
}

// What an exec passes on as PATH, when it differs from the process's.
struct Passed {
  std::string_view value;
  bool unset = false;
};

Passed passed_path(const model::Event& event) {
  if (!event.exec) return {};
  for (const std::string& entry : event.exec->environment) {
    if (entry.starts_with("PATH=")) return {std::string_view(entry).substr(5)};
    if (entry == "PATH") return {{}, true};
  }
  return {};
}

bool is_shell(std::string_view name) {
  // Not ksh93, which opens files while it searches, nor fish, which has
  // threads.
  static constexpr std::array<std::string_view, 9> kShells{
      "sh", "dash", "bash", "rbash", "ash", "busybox", "mksh", "zsh", "yash"};
  return std::find(kShells.begin(), kShells.end(), name) != kShells.end();
}

// Steps of a search and what belongs to one: the shell forks before it
// executes, and bash asks where it is before it tries ".".
bool goes_with_search(const model::Event& event) {
  return event.verb == model::Verb::Spawn ||
         (event.verb == model::Verb::Stat &&
          (event.path.empty() || event.path == "."));
}

struct Process {
  std::uint32_t parent = 0;
  bool shell = false;
  bool executed = false;  // else it is a copy of its parent
  SearchPaths paths;
  // What a shell passes to its children as PATH, when it is another one.
  std::shared_ptr<const SearchPath> passed;
  PathSearches lookups;
  LoadSearches loads;
};

}  // namespace

struct Deriver::State {
  explicit State(Emit sink) : emit(std::move(sink)) {}

  std::shared_ptr<const SearchPath> path_of(std::string_view list) {
    const std::string key(list);
    if (const auto known = paths.find(key); known != paths.end()) {
      return known->second;
    }
    if (paths.size() >= kMaxPaths) paths.clear();
    auto made = std::make_shared<const SearchPath>(list);
    paths.emplace(key, made);
    return made;
  }

  SearchPaths default_paths() {
    SearchPaths result;
    for (const std::string_view list : kDefaultPaths) {
      result.push_back(path_of(list));
    }
    return result;
  }

  // Who forks is done with a search that found nothing, but for a shell: its
  // child may tell more. What other threads found stays.
  void before(const model::ProcessStart& start) {
    const auto parent = processes.find(start.parent);
    if (parent == processes.end() || parent->second.shell) return;
    constexpr std::int32_t kNoThread = -1;
    parent->second.lookups.settle(kNoThread, {}, emit);
  }

  void start(const model::ProcessStart& start) {
    before(start);
    Process process;
    process.parent = start.parent;
    const auto parent = processes.find(start.parent);
    if (parent != processes.end()) {
      process.shell = parent->second.shell;
      process.paths = parent->second.paths;
      process.passed = parent->second.passed;
      process.loads.inherit(parent->second.loads);
    }
    processes[start.process] = std::move(process);
  }

  void close(Process& process) {
    process.lookups.close(emit);
    process.loads.close(emit);
  }

  Process* parent_of(const Process& process) {
    const auto parent = processes.find(process.parent);
    return parent == processes.end() ? nullptr : &parent->second;
  }

  void end(const model::ProcessEnd& end) {
    const auto found = processes.find(end.process);
    if (found == processes.end()) return;
    Process& process = found->second;
    constexpr int kNotFound = 127;
    if (process.shell && end.status.shell_code() == kNotFound) {
      process.lookups.fail(emit);
      // bash forks before it says that there is no such program.
      Process* parent = parent_of(process);
      if (parent != nullptr && !process.executed && !process.lookups.used()) {
        parent->lookups.fail(emit);
      }
    }
    close(process);
    processes.erase(found);
  }

  // The file that a search by stat found is executed, often by a child that is
  // still a copy of who searched. Who searches by itself executes what that
  // search finds, whoever found the same before.
  bool ends_search(Process& process, const model::Event& exec,
                   std::string_view name) {
    const std::string& file = exec.abs.empty() ? exec.path : exec.abs;
    // A copy of a shell tests files by the same calls as it searches by.
    const bool searches = process.lookups.searches(name) && !process.shell;
    const bool started = exec.ok() && !searches;
    if (process.lookups.executed(file, started, emit)) return true;
    if (searches || process.executed) return false;
    Process* parent = parent_of(process);
    return parent != nullptr && parent->lookups.executed(file, started, emit);
  }

  // A shell tells by its children that its PATH was changed.
  void learn(const Process& child, const model::Event& exec) {
    Process* parent = parent_of(child);
    if (parent == nullptr || !parent->shell || child.executed) return;
    const std::string_view value = passed_path(exec).value;
    parent->passed = value.empty() ? nullptr : path_of(value);
  }

  // execvp(3) takes argv[0] from its caller. When that is another name, only
  // what misses can begin a search: who gives a whole path does not search.
  static bool is_step(const Process& process, const model::Event& exec,
                      std::string_view name) {
    if (!exec.exec || exec.exec->argv.empty()) return true;
    const std::string& told = exec.exec->argv.front();
    // Of one directory a whole path and a search look the same.
    const bool begins = !exec.ok() && told.find('/') == std::string::npos &&
                        std::any_of(process.paths.begin(), process.paths.end(),
                                    [](const auto& path) {
                                      return path->directories().size() > 1;
                                    });
    return told == name || begins || process.lookups.executes(name, told);
  }

  // Whether the call may be a step of a PATH search.
  static bool may_search(const model::Event& event, std::string_view name) {
    if (event.verb != model::Verb::Exec && event.verb != model::Verb::Stat)
      return false;
    return !name.empty() && name != "." && name != ".." &&
           (event.path.front() == '/' || event.dirfd == AT_FDCWD) &&
           !follows_no_link(event);
  }

  // What ends by this call. Once for each.
  void before(const model::Event& event) {
    if (event.seq == seen) return;
    seen = event.seq;
    Process& process = processes[event.process];
    const std::string_view name = base::path::base_name(event.path);
    if (!goes_with_search(event)) process.lookups.settle(event.tid, name, emit);
    seen_searches = may_search(event, name);
    if (!seen_searches || event.verb != model::Verb::Exec) return;
    learn(process, event);
    seen_searches =
        is_step(process, event, name) && !ends_search(process, event, name);
  }

  void search(Process& process, const model::Event& event) {
    before(event);
    if (!seen_searches) return;
    const SearchPaths* along = &process.paths;
    SearchPaths more;
    // env(1) changes PATH in itself and then searches; posix_spawnp(3) searches
    // along the caller's and passes on what it is given.
    const Passed passed = passed_path(event);
    if (passed.unset) more = default_paths();
    if (!passed.value.empty()) more.push_back(path_of(passed.value));
    if (process.passed) more.push_back(process.passed);
    if (!more.empty()) {
      more.insert(more.end(), process.paths.begin(), process.paths.end());
      along = &more;
    }
    const std::string_view call(event.path);
    const std::string_view name = base::path::base_name(call);
    const std::size_t slash = call.size() - name.size();
    const std::string_view directory =
        slash <= 1 ? call.substr(0, slash) : call.substr(0, slash - 1);
    process.lookups.add({name, directory, along, process.shell}, event, emit);
  }

  void event(const model::Event& event) {
    Process& process = processes[event.process];
    search(process, event);
    if (event.verb == model::Verb::Open) process.loads.add(event, emit);
    if (event.verb == model::Verb::Exec && event.ok()) close(process);
  }

  // After ProcessTable has seen the record.
  void executed(const model::Event& event) {
    const std::string* value = table.variable(event.process, "PATH");
    Process& process = processes[event.process];
    process.executed = true;
    process.shell = is_shell(base::path::base_name(table.exe(event.process)));
    process.passed.reset();
    process.paths.clear();
    if (value != nullptr) {
      process.paths.push_back(path_of(*value));
    } else {
      process.paths = default_paths();
    }
    process.loads.start(table.variable(event.process, "LD_LIBRARY_PATH"),
                        table.variable(event.process, "LD_PRELOAD"), event);
  }

  Emit emit;
  // The last call that before() has seen, and whether it may be a step.
  std::uint64_t seen = 0;
  bool seen_searches = false;
  ProcessTable table;
  // Ordered, so that finish() reports in the same order every time.
  std::map<std::uint32_t, Process> processes;
  std::unordered_map<std::string, std::shared_ptr<const SearchPath>> paths;
};

Deriver::Deriver(Emit emit)
    : state_(std::make_unique<State>(std::move(emit))) {}
Deriver::~Deriver() = default;
Deriver::Deriver(Deriver&&) noexcept = default;
Deriver& Deriver::operator=(Deriver&&) noexcept = default;

void Deriver::before(const wire::Record& record) {
  if (const auto* event = std::get_if<model::Event>(&record)) {
    state_->before(*event);
  } else if (const auto* start = std::get_if<model::ProcessStart>(&record)) {
    state_->before(*start);
  }
}

void Deriver::add(const wire::Record& record) {
  if (const auto* event = std::get_if<model::Event>(&record)) {
    state_->event(*event);
    if (event->verb == model::Verb::Exec && event->ok()) {
      state_->table.add(record);
      state_->executed(*event);
    }
    return;
  }
  if (const auto* start = std::get_if<model::ProcessStart>(&record)) {
    state_->start(*start);
  } else if (const auto* end = std::get_if<model::ProcessEnd>(&record)) {
    state_->end(*end);
  }
  state_->table.add(record);
}

bool Deriver::is_load_step(const model::Event& event) const {
  const auto process = state_->processes.find(event.process);
  return process != state_->processes.end() &&
         process->second.loads.is_step(event) && process->second.loads.loads();
}

void Deriver::finish() {
  for (auto& [id, process] : state_->processes) state_->close(process);
}

}  // namespace driftcage::match
