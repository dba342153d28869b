// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>

#include <cerrno>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/path.h"
#include "harness/base/result.h"
#include "harness/model/event.h"
#include "harness/wire/record.h"

namespace driftcage::match {

// Writes traces by hand: each call appends one record, time moves by itself.
class TraceBuilder {
 public:
  TraceBuilder& start(std::uint32_t process, std::uint32_t parent = 0) {
    model::ProcessStart start;
    start.process = process;
    start.parent = parent;
    start.pid = pid_of(process);
    start.at_ns = ++time_;
    records.emplace_back(start);
    return *this;
  }

  TraceBuilder& end(std::uint32_t process, int code = 0) {
    model::ProcessEnd end;
    end.process = process;
    end.at_ns = ++time_;
    end.status = base::WaitStatus::exited(code);
    records.emplace_back(end);
    return *this;
  }

  // A call by its strace spelling: newfstatat, access, faccessat2, openat, ...
  TraceBuilder& call(std::uint32_t process, const std::string& name,
                     const std::string& path, int err = 0,
                     const std::function<void(model::Event&)>& change = {}) {
    model::Event event;
    event.seq = ++seq_;
    event.process = process;
    event.tid = pid_of(process);
    event.syscall = *model::syscall_from_name(name);
    event.verb = *model::verb_of(event.syscall);
    event.enter_ns = ++time_;
    event.exit_ns = ++time_;
    event.result = err == 0 ? 0 : -1;
    event.err = err;
    event.path = path;
    if (!path.empty()) event.abs = base::path::absolute("/cwd", path);
    if (event.verb == model::Verb::Open) event.flags = O_RDONLY | O_CLOEXEC;
    if (change) change(event);
    records.emplace_back(std::move(event));
    return *this;
  }

  TraceBuilder& exec(std::uint32_t process, const std::string& path,
                     std::vector<std::string> argv,
                     std::vector<std::string> environment = {},
                     bool complete = false, int err = 0) {
    return call(process, "execve", path, err, [&](model::Event& event) {
      event.exec.emplace();
      event.exec->argv = std::move(argv);
      event.exec->environment = std::move(environment);
      event.exec->environment_complete = complete;
      if (err == 0) event.exec->exe = path;
    });
  }

  // A first process that runs `program` with this PATH.
  TraceBuilder& program(std::uint32_t process, const std::string& program,
                        const std::string& path) {
    start(process);
    return exec(process, program, {program}, {"PATH=" + path}, true);
  }

  [[nodiscard]] static std::int32_t pid_of(std::uint32_t process) {
    return static_cast<std::int32_t>(process) + 100;
  }

  std::vector<wire::Record> records;

 private:
  std::uint64_t seq_ = 0;
  std::uint64_t time_ = 0;
};

}  // namespace driftcage::match
