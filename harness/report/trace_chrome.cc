// SPDX-License-Identifier: Apache-2.0
//
// The Trace Event Format of chrome://tracing, which Perfetto reads: a track per
// process with a slice per program, and every failed call as an instant on it.
// Pids come again, so a track is known by the process's number.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "harness/base/path.h"
#include "harness/base/result.h"
#include "harness/report/escape.h"
#include "harness/report/event_text.h"
#include "harness/report/trace_view.h"

namespace driftcage::report {
namespace {

using Json = nlohmann::ordered_json;

// Of the format: microseconds, fractions allowed.
double microseconds(std::uint64_t ns) {
  constexpr double kNanoseconds = 1000;
  return static_cast<double>(ns) / kNanoseconds;
}

class ChromeView : public TraceView {
 public:
  ChromeView(const TraceContext& context, const WriteLine& write)
      : context_(context), write_(write) {}

  void hello(const wire::Hello& hello) override {
    engine_ = hello.engine;
    open();
  }

  void start(const model::ProcessStart& start) override {
    last_ns_ = start.at_ns;
    Json name = item("process_name", "M", start.process, start.at_ns);
    name["args"]["name"] = fmt::format("[{}]", start.pid);
    put(name);
    // In the order in which they were made.
    Json order = item("process_sort_index", "M", start.process, start.at_ns);
    order["args"]["sort_index"] = start.process;
    put(order);
  }

  void event(const model::Event& event) override {
    last_ns_ = event.exit_ns;
    if (event.verb == model::Verb::Exec && event.ok() && event.exec) {
      executed(event);
      return;
    }
    const std::string name = event_line(event);
    Json out =
        item(name, event.ok() ? "X" : "i", event.process, event.enter_ns);
    out["cat"] = model::verb_name(event.verb);
    if (event.ok()) {
      out["dur"] = microseconds(
          event.exit_ns > event.enter_ns ? event.exit_ns - event.enter_ns : 0);
    } else {
      out["s"] = "t";  // as wide as its thread
      out["args"]["errno"] = base::errno_name(event.err);
      const std::string why = cause_text(event);
      if (!why.empty()) out["args"]["cause"] = why;
    }
    out["tid"] = event.tid;
    out["args"]["seq"] = event.seq;
    put(out);
  }

  void mapped(const model::Mapped& mapped) override {
    Json out = item("mapped", "i", mapped.process, mapped.at_ns);
    out["cat"] = "mapped";
    out["s"] = "t";
    out["tid"] = context_.table.pid(mapped.process);
    for (const model::MappedFile& file : mapped.files)
      out["args"][printable(file.path)] = rights_text(file.rights);
    put(out);
  }

  void exit(const model::ProcessEnd& end) override {
    last_ns_ = end.at_ns;
    close(end.process, end.at_ns, end.status.text());
  }

  void end(const wire::End& end) override {
    outcome_ = wire::outcome_name(end.outcome);
    integrity_ = model::integrity_text(end.integrity);
  }

  void finish() override {
    open();
    // What has not ended when the trace does.
    while (!running_.empty()) {
      const std::uint32_t process = running_.begin()->first;
      close(process, last_ns_, "cut off");
    }
    write_("\n],\n\"displayTimeUnit\":\"ms\",\n");
    Json other;
    other["engine"] = engine_;
    // As in JSON; what has no end has none.
    if (!outcome_.empty()) other["outcome"] = outcome_;
    other["integrity"] = integrity_;
    write_("\"otherData\":" + other.dump() + "}\n");
  }

 private:
  struct Running {
    std::uint64_t since_ns = 0;
    std::string program;
    std::string command;
    std::string stage;
    std::int32_t tid = 0;
  };

  static Json item(const std::string& name, const char* phase,
                   std::uint32_t process, std::uint64_t at_ns) {
    Json json;
    json["name"] = name;
    json["ph"] = phase;
    json["pid"] = process;
    json["tid"] = 0;
    json["ts"] = microseconds(at_ns);
    return json;
  }

  void open() {
    if (opened_) return;
    opened_ = true;
    write_("{\"traceEvents\":[");
  }

  void put(const Json& json) {
    open();
    write_((first_ ? "\n" : ",\n") + json.dump());
    first_ = false;
  }

  void executed(const model::Event& event) {
    const std::int32_t pid = context_.table.pid(event.process);
    close(event.process, event.enter_ns, "replaced");
    Running& running = running_[event.process];
    running.since_ns = event.exit_ns;
    const std::string& path = event.abs.empty() ? event.real : event.abs;
    running.program = printable(base::path::base_name(path));
    running.command = command_text(event.exec->argv);
    running.stage = context_.stages.stage_of(event);
    running.tid = pid;
    Json name = item("process_name", "M", event.process, event.exit_ns);
    name["args"]["name"] = fmt::format("{}[{}]", running.program, pid);
    put(name);
  }

  void close(std::uint32_t process, std::uint64_t at_ns,
             const std::string& how) {
    const auto found = running_.find(process);
    if (found == running_.end()) return;
    const Running& running = found->second;
    Json out = item(running.program, "X", process, running.since_ns);
    out["cat"] = running.stage.empty() ? "program" : running.stage;
    out["tid"] = running.tid;
    out["dur"] =
        microseconds(at_ns > running.since_ns ? at_ns - running.since_ns : 0);
    out["args"]["command"] = running.command;
    out["args"]["end"] = how;
    put(out);
    running_.erase(found);
  }

  const TraceContext& context_;
  const WriteLine& write_;
  std::string engine_;
  std::string outcome_;
  std::string integrity_ = "truncated";
  std::uint64_t last_ns_ = 0;
  bool opened_ = false;
  bool first_ = true;
  std::unordered_map<std::uint32_t, Running> running_;
};

}  // namespace

std::unique_ptr<TraceView> make_chrome_view(const TraceContext& context,
                                            const WriteLine& write) {
  return std::make_unique<ChromeView>(context, write);
}

}  // namespace driftcage::report
