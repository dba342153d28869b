// SPDX-License-Identifier: Apache-2.0
#include "harness/report/trace_text.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <unordered_map>
#include <utility>
#include <variant>

#include <nlohmann/json.hpp>

#include "harness/match/derive.h"
#include "harness/match/load_search.h"
#include "harness/report/color.h"
#include "harness/report/escape.h"
#include "harness/report/event_text.h"

namespace driftcage::report {
namespace {

using model::Verb;
using Json = nlohmann::ordered_json;

constexpr std::uint64_t kSecond = 1'000'000'000;
// Deeper processes would push the text out of the window.
constexpr unsigned kMaxIndent = 10;

// One step of execvp(3), or of the dynamic loader: the line of the lookup or
// load says what became of it.
bool is_search_step(const model::Event& event) {
  if (match::is_load_step(event)) return true;
  const bool missing = event.cause == model::Cause::None ||
                       event.cause == model::Cause::Missing ||
                       event.cause == model::Cause::MissingDirectory;
  return missing && (event.err == ENOENT || event.err == ENOTDIR) &&
         event.exec && !event.exec->argv.empty() &&
         event.exec->argv.front().find('/') == std::string::npos;
}

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
    case Verb::Exec:
      return event.ok() || !is_search_step(event);
    case Verb::Open:
      return !event.ok() && !is_search_step(event);
    case Verb::Lookup:
    case Verb::Load:
      return !event.ok();
    default:
      return false;
  }
}

bool needs_quotes(std::string_view word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
      "-_./=:,+@%^";
  return word.empty() ||
         word.find_first_not_of(kPlain) != std::string_view::npos;
}

Json object(const char* type) {
  Json json;
  json["v"] = kTraceVersion;
  json["type"] = type;
  return json;
}

std::string wall_clock(std::uint64_t ns) {
  const auto seconds = static_cast<std::time_t>(ns / kSecond);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:09}Z", fmt::gmtime(seconds),
                     ns % kSecond);
}

}  // namespace

struct TraceWriter::State {
  State(const TraceOptions& chosen, Write sink)
      : options(chosen),
        paint(chosen.color),
        write(std::move(sink)),
        deriver([this](const model::Event& event) { print(event); }) {}

  [[nodiscard]] bool json() const {
    return options.format == TraceFormat::Json;
  }

  void line(const Json& object) { write(object.dump() + "\n"); }

  // "0.309   cgo[14]  "
  [[nodiscard]] std::string head(std::uint64_t at_ns, std::uint32_t process) {
    const std::string& program = table.program(process);
    const auto known = depth.find(process);
    const unsigned indent =
        std::min(known == depth.end() ? 0u : known->second, kMaxIndent);
    const std::string who = fmt::format(
        "{:{}}{}[{}]", "", 2 * indent,
        program.empty() ? "-" : printable(program), table.pid(process));
    return fmt::format(
        "{:8.3f} {:<16}  ",
        static_cast<double>(at_ns) / static_cast<double>(kSecond), who);
  }

  void print(const model::Event& event) {
    if (!wanted(options.detail, event)) return;
    if (json()) {
      write(event_json(event, table.program(event.process),
                       table.pid(event.process)) +
            "\n");
      return;
    }
    std::string text = event_line(event);
    if (!event.ok()) text = paint(Color::Red, text);
    std::string note = cause_text(event);
    if (event.verb == Verb::Exec && event.exec) {
      const std::string command = command_text(event.exec->argv);
      note = note.empty() ? command : note + "; " + command;
    } else if (event.verb == Verb::Lookup || event.verb == Verb::Load) {
      if (event.ok()) note = "at " + printable(event.abs);
    }
    if (!note.empty()) text += "   " + paint(Color::Dim, "# " + note);
    write(head(event.enter_ns, event.process) + text + "\n");
  }

  void operator()(const wire::Hello& hello) {
    if (!json()) return;
    Json out = object("trace");
    out["engine"] = hello.engine;
    out["start"] = wall_clock(hello.wall_ns);
    line(out);
  }

  void operator()(const wire::CageUp&) {}

  void operator()(const model::ProcessStart& start) {
    const auto parent = depth.find(start.parent);
    depth[start.process] = parent == depth.end() ? 0 : parent->second + 1;
    if (!json()) return;
    Json out = object("process");
    out["time_ns"] = start.at_ns;
    out["pid"] = start.pid;
    out["process"] = start.process;
    out["parent"] = start.parent;
    line(out);
  }

  void operator()(const model::Event& event) { print(event); }

  void operator()(const model::Mapped&) {}

  // Not yet forgotten by the table: called before it sees the record.
  void end(const model::ProcessEnd& end) {
    if (json()) {
      Json out = object("exit");
      out["time_ns"] = end.at_ns;
      out["pid"] = table.pid(end.process);
      out["process"] = end.process;
      out["program"] = printable(table.program(end.process));
      const auto code = end.status.exit_code();
      const auto signal = end.status.signal();
      out["code"] = code ? Json(*code) : Json();
      out["signal"] = signal ? Json(base::signal_name(*signal)) : Json();
      line(out);
    } else if (options.detail == TraceDetail::All || !end.status.success()) {
      std::string text = end.status.text();
      if (!end.status.success()) text = paint(Color::Red, text);
      write(head(end.at_ns, end.process) + text + "\n");
    }
    depth.erase(end.process);
  }

  void operator()(const wire::End& end) {
    if (!json()) return;
    Json out = object("end");
    out["outcome"] = wire::outcome_name(end.outcome);
    out["code"] = Json();
    out["signal"] = Json();
    if (end.outcome == wire::Outcome::Finished) {
      if (const auto code = end.status.exit_code()) out["code"] = *code;
      if (const auto signal = end.status.signal()) {
        out["signal"] = base::signal_name(*signal);
      }
    }
    out["error"] =
        end.error.step.empty() ? Json() : Json(printable(end.error.message()));
    out["integrity"] = model::integrity_text(end.integrity);
    out["events"] = end.events;
    out["duration_ns"] = end.duration_ns;
    line(out);
  }

  TraceOptions options;
  Paint paint;
  Write write;
  match::ProcessTable table;
  match::Deriver deriver;
  std::unordered_map<std::uint32_t, unsigned> depth;
};

TraceWriter::TraceWriter(const TraceOptions& options, Write write)
    : state_(std::make_unique<State>(options, std::move(write))) {}
TraceWriter::~TraceWriter() = default;

void TraceWriter::add(const wire::Record& record) {
  // An exec's line names the program that called: the table learns last. What
  // a process's end completes comes before the end itself.
  if (const auto* end = std::get_if<model::ProcessEnd>(&record)) {
    state_->deriver.add(record);
    state_->end(*end);
  } else if (const auto* last = std::get_if<wire::End>(&record)) {
    state_->deriver.finish();
    (*state_)(*last);
  } else {
    std::visit(
        [this](const auto& value) {
          using T = std::decay_t<decltype(value)>;
          if constexpr (!std::is_same_v<T, model::ProcessEnd>) {
            (*state_)(value);
          }
        },
        record);
    state_->deriver.add(record);
  }
  state_->table.add(record);
}

void TraceWriter::finish() { state_->deriver.finish(); }

std::uint32_t traced_verbs(TraceDetail detail) {
  const auto bits = [](std::initializer_list<Verb> verbs) {
    std::uint32_t set = 0;
    for (const Verb verb : verbs) set |= 1u << static_cast<unsigned>(verb);
    return set;
  };
  const std::uint32_t base =
      bits({Verb::Exec, Verb::Open, Verb::Stat, Verb::Lookup, Verb::Load});
  if (detail == TraceDetail::Default) return base;
  return base | bits({Verb::Readlink, Verb::Mkdir, Verb::Getcwd, Verb::Spawn,
                      Verb::Connect});
}

std::string command_text(const std::vector<std::string>& argv,
                         std::size_t limit) {
  std::string text;
  for (const std::string& word : argv) {
    if (!text.empty()) text += ' ';
    if (!needs_quotes(word)) {
      text += word;
    } else {
      text += '\'';
      for (const char c : printable(word)) {
        if (c == '\'') {
          text += "'\\''";
        } else {
          text += c;
        }
      }
      text += '\'';
    }
    if (text.size() > limit) break;
  }
  return cut(text, limit);
}

}  // namespace driftcage::report
