// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "harness/model/event.h"
#include "harness/wire/record.h"

namespace driftcage::match {

// Folds raw calls into `lookup` (a PATH search, by stat in Go, bash, dash and
// collect2, by execve in glibc's execvp) and `load` (the dynamic loader's
// search) events. A derived event has verb Lookup or Load, `path` = the name
// searched for, `abs` = where it was found (empty: nowhere), times of the whole
// search, seq and syscall of its last and first call, and `cause_at` = the
// directories tried, joined by ':'.
//
// A lookup is reported when the directories of the process's own PATH were
// tried from the first on, until one had the program or all were tried. So a
// program named by its whole path is no lookup. PATH is the one that the
// process was started with, or that an exec passes on; when it is not set, the
// list that a libc or a shell has built in. When nothing was found, err is
// EACCES if a file was there but could not be executed (execvp(3) reports the
// same), else ENOENT, and cause is that of such a file.
//
// A value that a process sets for itself is not seen. So a search that found
// nothing is reported once the thread does something else: calls about the same
// name in more directories belong to it. What they find counts when it is
// executed by the name alone, or asked about by access(2) after stat(2).
//
// Shells test files by the calls that they search by. Of a shell a first
// directory alone therefore says nothing without one of these, or, when it has
// no such file, without exit status 127. The same makes a search of directories
// that are not in the known PATH.
//
// A load is a run of opens of one soname by one thread, as ld.so(8) does them:
// read-only and close-on-exec, in directories that it looks into for that name,
// in its order; or the open of a file whose whole path was asked for. `origins`
// tells by which rule each directory was tried, see load_route.h. When files
// were there that the loader refuses, cause is NotElf or WrongArch, and
// cause_note names the last.
//
// Keeps a bounded number of open searches per living process.
class Deriver {
 public:
  using Emit = std::function<void(const model::Event&)>;
  explicit Deriver(Emit emit);
  ~Deriver();
  Deriver(const Deriver&) = delete;
  Deriver& operator=(const Deriver&) = delete;
  Deriver(Deriver&&) noexcept;
  Deriver& operator=(Deriver&&) noexcept;

  // Emits what this record ends without being a part of it; for who handles the
  // record itself before add(), so that it comes in order.
  void before(const wire::Record& record);
  // May emit events that are complete with or by this record.
  void add(const wire::Record& record);
  // Whether an open, before it is added, is a step of a load that this tells.
  [[nodiscard]] bool is_load_step(const model::Event& event) const;
  // Emits what is still pending; call once, after the last record.
  void finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Who is who in a trace: the program and the environment of each living
// process. Feed it each record after everything else that is to see the state
// before that record; a process is forgotten when it ends.
class ProcessTable {
 public:
  ProcessTable();
  ~ProcessTable();
  ProcessTable(const ProcessTable&) = delete;
  ProcessTable& operator=(const ProcessTable&) = delete;
  ProcessTable(ProcessTable&&) noexcept;
  ProcessTable& operator=(ProcessTable&&) noexcept;

  void add(const wire::Record& record);
  // Base name of the program of `process` now, by the name under which it was
  // executed; "" when unknown.
  [[nodiscard]] const std::string& program(std::uint32_t process) const;
  // The file that was executed, and the one that really runs: they differ for
  // links and #! scripts.
  [[nodiscard]] const std::string& path(std::uint32_t process) const;
  [[nodiscard]] const std::string& exe(std::uint32_t process) const;
  [[nodiscard]] std::int32_t pid(std::uint32_t process) const;
  [[nodiscard]] std::uint32_t parent(std::uint32_t process) const;
  // A variable of its environment; null when unset or unknown.
  [[nodiscard]] const std::string* variable(std::uint32_t process,
                                            const std::string& name) const;
  // The whole environment, by name, of an exec that was not added yet.
  [[nodiscard]] std::vector<std::string> environment(
      const model::Event& exec) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace driftcage::match
