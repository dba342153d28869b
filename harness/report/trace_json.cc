// SPDX-License-Identifier: Apache-2.0
//
// docs/trace.schema.json: first a `trace`, last an `end`, between them
// `process`, `event`, `mapped` and `exit`.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "harness/report/escape.h"
#include "harness/report/event_text.h"
#include "harness/report/trace_view.h"

namespace driftcage::report {
namespace {

using Json = nlohmann::ordered_json;

Json object(const char* type) {
  Json json;
  json["v"] = kTraceVersion;
  json["type"] = type;
  return json;
}

std::string wall_clock(std::uint64_t ns) {
  constexpr std::uint64_t kSecond = 1'000'000'000;
  const auto seconds = static_cast<std::time_t>(ns / kSecond);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:09}Z", fmt::gmtime(seconds),
                     ns % kSecond);
}

class JsonView : public TraceView {
 public:
  JsonView(const TraceContext& context, const WriteLine& write)
      : context_(context), write_(write) {}

  void hello(const wire::Hello& hello) override {
    Json out = object("trace");
    out["engine"] = hello.engine;
    out["start"] = wall_clock(hello.wall_ns);
    line(out);
  }

  void start(const model::ProcessStart& start) override {
    Json out = object("process");
    out["time_ns"] = start.at_ns;
    out["pid"] = start.pid;
    out["process"] = start.process;
    out["parent"] = start.parent;
    line(out);
  }

  void event(const model::Event& event) override {
    write_(event_json(event, context_.table.program(event.process),
                      context_.table.pid(event.process),
                      context_.stages.stage_of(event)) +
           "\n");
  }

  void mapped(const model::Mapped& mapped) override {
    Json out = object("mapped");
    out["time_ns"] = mapped.at_ns;
    out["pid"] = context_.table.pid(mapped.process);
    out["process"] = mapped.process;
    out["generation"] = mapped.generation;
    out["files"] = Json::array();
    for (const model::MappedFile& file : mapped.files) {
      Json one;
      one["path"] = printable(file.path);
      one["file"] = file_json(file.file);
      one["rights"] = rights_text(file.rights);
      const std::uint64_t seq = context_.opened.seq_of(mapped.process, file);
      if (seq != 0) one["opened"] = seq;
      out["files"].push_back(std::move(one));
    }
    line(out);
  }

  void exit(const model::ProcessEnd& end) override {
    Json out = object("exit");
    out["time_ns"] = end.at_ns;
    out["pid"] = context_.table.pid(end.process);
    out["process"] = end.process;
    out["program"] = printable(context_.table.program(end.process));
    const std::string_view stage = context_.stages.stage(end.process);
    if (!stage.empty()) out["stage"] = stage;
    put_status(out, end.status);
    line(out);
  }

  void end(const wire::End& end) override {
    Json out = object("end");
    out["outcome"] = wire::outcome_name(end.outcome);
    out["code"] = Json();
    out["signal"] = Json();
    if (end.outcome == wire::Outcome::Finished) put_status(out, end.status);
    out["error"] =
        end.error.step.empty() ? Json() : Json(printable(end.error.message()));
    out["integrity"] = model::integrity_text(end.integrity);
    out["events"] = end.events;
    out["duration_ns"] = end.duration_ns;
    line(out);
  }

 private:
  void line(const Json& object) { write_(object.dump() + "\n"); }

  static Json file_json(const model::FileId& file) {
    Json json;
    json["device"] = device_text(file.device);
    json["inode"] = file.inode;
    json["deleted"] = file.deleted;
    return json;
  }

  static void put_status(Json& out, const base::WaitStatus& status) {
    const auto code = status.exit_code();
    const auto signal = status.signal();
    out["code"] = code ? Json(*code) : Json();
    out["signal"] = signal ? Json(base::signal_name(*signal)) : Json();
  }

  const TraceContext& context_;
  const WriteLine& write_;
};

}  // namespace

std::unique_ptr<TraceView> make_json_view(const TraceContext& context,
                                          const WriteLine& write) {
  return std::make_unique<JsonView>(context, write);
}

}  // namespace driftcage::report
