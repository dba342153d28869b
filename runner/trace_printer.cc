// SPDX-License-Identifier: Apache-2.0
#include "runner/trace_printer.h"

#include <fmt/format.h>

#include <utility>
#include <variant>

#include "harness/report/event_text.h"

namespace driftcage::runner {
namespace {

bool wanted(TraceDetail detail, const model::Event& event) {
  switch (detail) {
    case TraceDetail::All:
      return true;
    case TraceDetail::Failed:
      return !event.ok();
    case TraceDetail::Default:
      break;
  }
  switch (event.verb) {
    case model::Verb::Exec:
      return true;
    case model::Verb::Lookup:
    case model::Verb::Load:
    case model::Verb::Open:
      return !event.ok();
    default:
      return false;
  }
}

}  // namespace

TracePrinter::TracePrinter(TraceDetail detail, bool json, Write write)
    : detail_(detail),
      json_(json),
      write_(std::move(write)),
      deriver_([this](const model::Event& event) { print(event); }) {}

void TracePrinter::add(const wire::Record& record) {
  // An exec's line names the program that called, so the table learns of the
  // new one afterwards.
  if (const auto* event = std::get_if<model::Event>(&record)) print(*event);
  deriver_.add(record);
  processes_.add(record);
}

void TracePrinter::finish() { deriver_.finish(); }

void TracePrinter::print(const model::Event& event) {
  if (!wanted(detail_, event)) return;
  const std::string program = processes_.program(event.process);
  const std::int32_t pid = processes_.pid(event.process);
  if (json_) {
    write_(report::event_json(event, program, pid) + "\n");
    return;
  }
  constexpr double kSecond = 1e9;
  const std::string why = report::cause_text(event);
  // Before its first exec a process is still driftcage's own.
  write_(fmt::format(
      "+{:.3f}s  {}[{}]  {}{}\n", static_cast<double>(event.enter_ns) / kSecond,
      program.empty() ? "driftcage" : program, pid, report::event_line(event),
      why.empty() ? "" : "  (" + why + ")"));
}

}  // namespace driftcage::runner
