// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/wire/record.h"

namespace driftcage::report {

enum class TraceFormat : std::uint8_t { Text, Json };

enum class TraceDetail : std::uint8_t {
  // Every program start; lookups, loads and opens that failed, without the
  // single steps of searches.
  Default,
  Failed,  // every call that failed, and nothing else
  All,
};

struct TraceOptions {
  TraceFormat format = TraceFormat::Text;
  TraceDetail detail = TraceDetail::Default;
  bool color = false;  // text only
};

// Turns the records of a trace into lines as they come, one per event, with
// the derived lookups and loads among them.
//
// Text: time since the start, program and pid, indented by the depth of the
// process, the event in the spelling of event lines, and why it failed:
//
//   0.012 go[2]      exec /usr/lib/go/pkg/tool/cgo = ok   # cgo -V=full
//   0.309   cgo[14]  lookup gcc = none   # tried /usr/local/bin, /usr/bin
//   0.311   cgo[14]  exit 2
//
// JSON: one object a line, by docs/trace.schema.json: first a `trace`, last an
// `end`, between them `event`, `process` and `exit`.
//
// Secrets are gone already: the cell hides them (base/redact.h). Memory grows
// with the number of processes that live at the same time.
class TraceWriter {
 public:
  // Gets one whole line with its newline per call.
  using Write = std::function<void(std::string_view line)>;
  TraceWriter(const TraceOptions& options, Write write);
  ~TraceWriter();
  TraceWriter(const TraceWriter&) = delete;
  TraceWriter& operator=(const TraceWriter&) = delete;

  void add(const wire::Record& record);
  // Writes what is still pending; call once, after the last record.
  void finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The verbs that `detail` can show, as bits of TraceSpec::verbs.
[[nodiscard]] std::uint32_t traced_verbs(TraceDetail detail);

// "gcc -E -x c -", quoted for a shell where needed, cut.
[[nodiscard]] std::string command_text(const std::vector<std::string>& argv,
                                       std::size_t limit = 120);

}  // namespace driftcage::report
