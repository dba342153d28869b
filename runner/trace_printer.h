// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "harness/match/derive.h"
#include "harness/wire/record.h"

namespace driftcage::runner {

enum class TraceDetail : std::uint8_t {
  Default,  // every exec; lookups, loads and opens that failed
  Failed,   // everything that failed
  All,
};

// Turns the records of a trace into lines, one per event: text in the spelling
// of event lines, or JSON. Keeps nothing but the process table.
class TracePrinter {
 public:
  using Write = std::function<void(std::string_view line)>;
  // `write` gets one whole line with its newline per call.
  TracePrinter(TraceDetail detail, bool json, Write write);

  void add(const wire::Record& record);
  void finish();

 private:
  void print(const model::Event& event);

  TraceDetail detail_;
  bool json_;
  Write write_;
  match::ProcessTable processes_;
  match::Deriver deriver_;
};

}  // namespace driftcage::runner
