// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "harness/model/cage_spec.h"
#include "harness/model/event.h"
#include "harness/trace/tracer.h"

namespace driftcage::trace::testing {

inline constexpr std::uint32_t verb_bit(model::Verb verb) {
  return 1U << static_cast<std::uint32_t>(verb);
}
// What a cage traces when nothing else is asked for.
inline constexpr std::uint32_t kUsualVerbs =
    verb_bit(model::Verb::Exec) | verb_bit(model::Verb::Open) |
    verb_bit(model::Verb::Stat) | verb_bit(model::Verb::Readlink) |
    verb_bit(model::Verb::Mkdir) | verb_bit(model::Verb::Getcwd) |
    verb_bit(model::Verb::Spawn);

struct Trace {
  std::vector<model::Event> events;
  std::vector<model::ProcessStart> starts;
  std::vector<model::ProcessEnd> ends;
  std::vector<model::Mapped> mapped;
  TraceEnd end;
  std::string output;  // stdout of the traced program

  // Events whose path as passed is `path`.
  [[nodiscard]] std::vector<model::Event> at(const std::string& path) const;
  [[nodiscard]] std::vector<model::Event> of(model::Verb verb) const;
};

struct Options {
  model::TraceSpec spec{.verbs = kUsualVerbs};
  Tracer::Limits limits{.timeout_ns = 60'000'000'000};
  std::vector<model::Injection> injections;
  // Runs in the child before the filter is installed: chdir, setrlimit, ...
  std::function<void()> before;
  // Runs in the child instead of an execve of `argv`.
  std::function<int()> body;
};

// Runs a program under the tracer, without a cage. Throws on failure.
Trace run_traced(const std::vector<std::string>& argv,
                 const Options& options = {});
void run_traced(const std::vector<std::string>& argv, const Options& options,
                Sink& sink, TraceEnd& end);

// "openat /etc/passwd = 0", for messages.
std::string describe(const model::Event& event);
std::string describe(const std::vector<model::Event>& events);

}  // namespace driftcage::trace::testing
