// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/match/glob.h"
#include "harness/model/event.h"
#include "harness/wire/record.h"

// Traces as sets of event lines that two runs, or two machines, can share.
namespace driftcage::mine {

// All events of a trace that one event line, without a count, describes.
struct TraceLine {
  model::Verb verb = model::Verb::Open;
  std::string subject;  // a glob with variables and placeholders
  std::string result;   // "ok", "ENOENT", "none", "noexec", …
  std::string program;  // base name of who did it; may be empty
  int err = 0;
  std::uint64_t count = 0;
  double place = 0;    // of the first one in the trace: 0 begin, 1 end
  bool probe = false;  // a folder that a lookup tried in vain
  [[nodiscard]] bool ok() const { return err == 0; }
  // "open $WORK/go.mod = ok by go"; the parts after the subject are optional.
  [[nodiscard]] std::string text(bool with_result, bool with_program) const;
};

// What varies from run to run made the same: variables for the places of the
// cage, {n} and {hash} for numbers and names of temporary and cached files.
[[nodiscard]] std::string stable_subject(const std::string& subject);

// Collects lines, lookups and loads too, in the order of their first event.
class TraceLineCollector {
 public:
  explicit TraceLineCollector(const match::Variables& variables);
  ~TraceLineCollector();
  TraceLineCollector(const TraceLineCollector&) = delete;
  TraceLineCollector& operator=(const TraceLineCollector&) = delete;

  void add(const wire::Record& record);
  // Once, after the last record.
  [[nodiscard]] std::vector<TraceLine> take();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The lines of a stored trace. Fails when it cannot be read.
[[nodiscard]] base::Result<std::vector<TraceLine>> read_trace_lines(
    const std::string& file, const match::Variables& variables);

}  // namespace driftcage::mine
