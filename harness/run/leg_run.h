// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"
#include "harness/match/judge.h"
#include "harness/match/matcher.h"
#include "harness/match/unfinished.h"
#include "harness/plan/planner.h"
#include "harness/run/launcher.h"
#include "harness/run/output_buffer.h"
#include "harness/run/trace_file.h"

namespace driftcage::run {

// See, never and keep, in this order: that of LegResult::lines.
[[nodiscard]] std::vector<model::EventLine> all_lines(
    const scenario::Expect& expect);

// Takes what one cell sends: events go to the trace file and the matcher, and
// are forgotten.
class LegRun : public std::enable_shared_from_this<LegRun> {
 public:
  static constexpr std::uint64_t kMaxTrace = std::uint64_t{1} << 30;

  // Makes `folder`, whose parent exists, and the trace file in it.
  // Past `max_trace` bytes the trace is still judged, but no longer stored.
  static base::Result<std::shared_ptr<LegRun>> create(
      const plan::LegPlan& leg, const std::vector<model::EventLine>& lines,
      const match::Variables& variables, const std::string& folder,
      std::uint64_t max_trace = kMaxTrace);

  // For Launcher::start. `done` gets the result, after everything was written.
  [[nodiscard]] CellObserver observer(
      std::function<void(match::LegResult)> done);

 private:
  LegRun(match::LineMatcher matcher, std::string folder, TraceFile trace,
         std::uint64_t timeout_ns);
  void finish(base::Result<wire::End> end);
  void write_output(const char* name, const std::string& text);
  // The first failure to write counts; a record must not look complete.
  void note(base::Status status);

  match::LegResult result_;
  match::LineMatcher matcher_;
  match::Unfinished unfinished_;
  std::string folder_;
  TraceFile trace_;
  OutputBuffer out_;
  OutputBuffer err_;
  std::optional<base::Error> write_error_;
};

}  // namespace driftcage::run
