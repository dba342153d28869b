// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "harness/match/derive.h"
#include "harness/match/stage.h"
#include "harness/report/opened_files.h"
#include "harness/report/trace_writer.h"

namespace driftcage::report {

// What is known of a trace up to the record that is being shown.
struct TraceContext {
  match::ProcessTable table;
  match::Stages stages;
  OpenedFiles opened;  // with TraceOptions::mapped
  std::unordered_map<std::uint32_t, unsigned> depth;  // in the process tree
  [[nodiscard]] unsigned depth_of(std::uint32_t process) const {
    const auto found = depth.find(process);
    return found == depth.end() ? 0 : found->second;
  }
};

// One format. The calls come in the order of the trace, each before the context
// learns of the record; events have been chosen already.
class TraceView {
 public:
  virtual ~TraceView() = default;
  virtual void hello(const wire::Hello& hello) = 0;
  virtual void start(const model::ProcessStart& start) = 0;
  virtual void event(const model::Event& event) = 0;
  virtual void mapped(const model::Mapped& mapped) = 0;
  virtual void exit(const model::ProcessEnd& end) = 0;
  virtual void end(const wire::End& end) = 0;
  // After everything; the cell may have died before its end().
  virtual void finish() {}
};

// `context` and `write` outlive the view.
using WriteLine = TraceWriter::Write;
std::unique_ptr<TraceView> make_text_view(const TraceOptions& options,
                                          const TraceContext& context,
                                          const WriteLine& write);
std::unique_ptr<TraceView> make_json_view(const TraceContext& context,
                                          const WriteLine& write);
std::unique_ptr<TraceView> make_strace_view(const TraceContext& context,
                                            const WriteLine& write);
std::unique_ptr<TraceView> make_chrome_view(const TraceContext& context,
                                            const WriteLine& write);

// "gcc -E -x c -", quoted for a shell where needed, cut.
[[nodiscard]] std::string command_text(const std::vector<std::string>& argv,
                                       std::size_t limit = 120);

}  // namespace driftcage::report
