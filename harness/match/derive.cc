// SPDX-License-Identifier: Apache-2.0
#include "harness/match/derive.h"

#include <fcntl.h>

#include <unordered_map>
#include <utility>
#include <variant>

#include "harness/base/path.h"
#include "harness/match/load_search.h"
#include "harness/match/path_search.h"

namespace driftcage::match {
namespace {

// Without PATH, glibc's execvp uses confstr(_CS_PATH).
constexpr std::string_view kDefaultPath = "/bin:/usr/bin";
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

// The value that an exec passes on as PATH, when it differs from the process's.
std::string_view passed_path(const model::Event& event) {
  if (!event.exec) return {};
  for (const std::string& entry : event.exec->environment) {
    if (entry.starts_with("PATH=")) return std::string_view(entry).substr(5);
  }
  return {};
}

struct Process {
  std::uint32_t parent = 0;
  std::shared_ptr<const SearchPath> path;
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

  void start(const model::ProcessStart& start) {
    Process process;
    process.parent = start.parent;
    const auto parent = processes.find(start.parent);
    if (parent != processes.end()) process.path = parent->second.path;
    processes[start.process] = std::move(process);
  }

  void close(Process& process) {
    process.lookups.close(emit);
    process.loads.close(emit);
  }

  bool found_by_parent(const Process& process, const std::string& file) {
    if (process.lookups.found(file)) return true;
    const auto parent = processes.find(process.parent);
    return parent != processes.end() && parent->second.lookups.found(file);
  }

  // execvp(3) takes argv[0] from its caller. When that is another name, only
  // what misses can begin a search: who gives a whole path does not search.
  static bool is_step(const Process& process, const model::Event& exec,
                      std::string_view name) {
    if (!exec.exec || exec.exec->argv.empty()) return true;
    const std::string& told = exec.exec->argv.front();
    // Of one directory a whole path and a search look the same.
    const bool begins = !exec.ok() && told.find('/') == std::string::npos &&
                        process.path != nullptr &&
                        process.path->directories().size() > 1;
    return told == name || begins || process.lookups.executes(name, told);
  }

  // The call as a step of a PATH search, if it can be one.
  void search(Process& process, const model::Event& event) {
    const std::string_view call(event.path);
    const std::string_view name = base::path::base_name(call);
    if (process.lookups.has_hits()) {
      process.lookups.settle(event.tid, name, emit);
    }
    const bool exec = event.verb == model::Verb::Exec;
    if (!exec && event.verb != model::Verb::Stat) return;
    if (name.empty() || name == "." || name == "..") return;
    if (call.front() != '/' && event.dirfd != AT_FDCWD) return;
    if (follows_no_link(event)) return;
    std::shared_ptr<const SearchPath> path = process.path;
    if (exec) {
      if (!is_step(process, event, name)) return;
      // env(1) changes PATH in itself and then searches.
      const std::string_view passed = passed_path(event);
      if (!passed.empty()) path = path_of(passed);
      const std::string& file = event.abs.empty() ? event.path : event.abs;
      if (event.ok() && found_by_parent(process, file)) return;
    }
    if (path == nullptr) return;
    const std::size_t slash = call.size() - name.size();
    const std::string_view directory =
        slash <= 1 ? call.substr(0, slash) : call.substr(0, slash - 1);
    const auto position = path->position(directory);
    if (position) process.lookups.add(*path, *position, name, event, emit);
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
    process.path =
        path_of(value == nullptr ? kDefaultPath : std::string_view(*value));
    process.loads.start(table.variable(event.process, "LD_LIBRARY_PATH"),
                        event);
  }

  Emit emit;
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
    const auto found = state_->processes.find(end->process);
    if (found != state_->processes.end()) {
      state_->close(found->second);
      state_->processes.erase(found);
    }
  }
  state_->table.add(record);
}

void Deriver::finish() {
  for (auto& [id, process] : state_->processes) state_->close(process);
}

}  // namespace driftcage::match
