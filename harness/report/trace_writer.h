// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "harness/match/line_test.h"
#include "harness/wire/record.h"

namespace driftcage::report {

enum class TraceFormat : std::uint8_t {
  Text,    // for people, see trace_text.h
  Json,    // one object a line, docs/trace.schema.json
  Strace,  // as `strace -f -o FILE` writes it
  Chrome,  // Trace Event Format, for Perfetto and chrome://tracing
};

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
  bool color = false;   // text only
  bool mapped = false;  // mapped files are told by which call they came
};

// Turns the records of a trace into lines as they come, one per event, with
// the derived lookups and loads among them. Secrets are gone already: the cell
// hides them (base/redact.h). Memory grows with the number of processes that
// live at the same time, and with `mapped` with the files that they open.
class TraceWriter {
 public:
  // Gets one whole line with its newline per call.
  using Write = std::function<void(std::string_view line)>;
  // With a filter only events that fit one of its lines are written, whatever
  // the detail.
  TraceWriter(const TraceOptions& options, Write write,
              std::vector<match::LineTest> filter = {});
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

}  // namespace driftcage::report
