// SPDX-License-Identifier: Apache-2.0
// What a trace is folded into, as lines like "lookup gcc = ENOENT in /a:/b".
#pragma once

#include <string>
#include <vector>

#include "harness/match/derive.h"
#include "tests/unit/match/trace_builder.h"

namespace driftcage::match {

inline std::string text_of(const model::Event& event) {
  std::string text =
      std::string(model::verb_name(event.verb)) + " " + event.path + " = ";
  text += event.ok() ? event.abs : base::errno_name(event.err);
  if (event.cause != model::Cause::None) {
    text += " " + std::string(model::cause_name(event.cause));
  }
  return text + " in " + event.cause_at;
}

inline std::vector<model::Event> events_of(const TraceBuilder& trace) {
  std::vector<model::Event> events;
  Deriver deriver([&](const model::Event& event) { events.push_back(event); });
  for (const auto& record : trace.records) deriver.add(record);
  deriver.finish();
  return events;
}

inline std::vector<std::string> derived(const TraceBuilder& trace) {
  std::vector<std::string> texts;
  for (const auto& event : events_of(trace)) texts.push_back(text_of(event));
  return texts;
}

inline void no_follow(model::Event& event) { event.flags = AT_SYMLINK_NOFOLLOW; }

// access(2) with X_OK.
inline void asks_to_execute(model::Event& event) { event.mode = 1; }

}  // namespace driftcage::match
