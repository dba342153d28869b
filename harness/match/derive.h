// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "harness/model/event.h"
#include "harness/wire/record.h"

namespace driftcage::match {

// Folds raw calls into `lookup` (a PATH search, by stat in Go, bash, dash and
// collect2, by execve in glibc's execvp) and `load` (the dynamic loader's
// search) events. A derived event has verb Lookup or Load, `path` = the name
// searched for, `abs` = where it was found (empty: nowhere, err ENOENT), times
// of the whole search and `cause_at` = the directories tried, joined by ':'.
class Deriver {
 public:
  using Emit = std::function<void(const model::Event&)>;
  explicit Deriver(Emit emit);
  ~Deriver();
  Deriver(Deriver&&) noexcept;

  void add(const wire::Record& record);
  void finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Who is who in a trace: the program and its PATH per process and generation.
class ProcessTable {
 public:
  ProcessTable();
  ~ProcessTable();
  ProcessTable(ProcessTable&&) noexcept;
  void add(const wire::Record& record);
  // Base name of the program of `process` now; "" when unknown.
  [[nodiscard]] std::string program(std::uint32_t process) const;
  [[nodiscard]] std::string exe(std::uint32_t process) const;
  [[nodiscard]] std::int32_t pid(std::uint32_t process) const;
  [[nodiscard]] std::uint32_t parent(std::uint32_t process) const;
  // A variable of its environment; empty optional when unset or unknown.
  [[nodiscard]] const std::string* variable(std::uint32_t process,
                                            const std::string& name) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace driftcage::match
