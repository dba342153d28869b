// SPDX-License-Identifier: Apache-2.0
//
// For people: time since the start, program and pid, indented by the depth of
// the process, the event in the spelling of event lines, and what else there is
// to say of it:
//
//   0.012 go[2]      exec /usr/lib/go/pkg/tool/cgo = ok   # cgo -V=full
//   0.309   cgo[14]  lookup gcc = none   # tried /usr/local/bin, /usr/bin
//   0.311   cgo[14]  exit 2   # stage cgo
#include <fmt/format.h>

#include <algorithm>

#include "harness/base/path.h"
#include "harness/report/color.h"
#include "harness/report/escape.h"
#include "harness/report/event_text.h"
#include "harness/report/trace_view.h"

namespace driftcage::report {
namespace {

using model::Verb;

constexpr double kSecond = 1e9;
// Deeper processes would push the text out of the window.
constexpr unsigned kMaxIndent = 10;

bool needs_quotes(std::string_view word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
      "-_./=:,+@%^";
  return word.empty() ||
         word.find_first_not_of(kPlain) != std::string_view::npos;
}

void add_note(std::string& note, std::string_view more) {
  if (more.empty()) return;
  if (!note.empty()) note += "; ";
  note += more;
}

// argv[0] may say anything: what really runs is told when it is another name.
std::string real_program(const model::Event& event) {
  const model::ExecDetail& exec = *event.exec;
  if (!event.ok() || exec.exe.empty()) return {};
  std::string text;
  const std::string_view really = base::path::base_name(exec.exe);
  const bool script = !exec.interpreters.empty() && !event.real.empty() &&
                      event.real != exec.exe;
  if (script) {
    text = "by";
    for (const std::string& interpreter : exec.interpreters)
      text += " " + printable(interpreter);
    return text;
  }
  const std::string_view told = exec.argv.empty()
                                    ? std::string_view()
                                    : base::path::base_name(exec.argv.front());
  const std::string_view asked = base::path::base_name(event.abs);
  if (told != really || asked != really) text = "really " + printable(exec.exe);
  return text;
}

std::string environment_text(const model::ExecDetail& exec) {
  constexpr std::size_t kLimit = 200;
  if (exec.environment_complete || exec.environment.empty()) return {};
  std::string text = "env";
  for (const std::string& entry : exec.environment) {
    const bool removed = entry.find('=') == std::string::npos;
    text += (removed ? " -" : " +") + printable(entry);
  }
  return cut(text, kLimit);
}

class TextView : public TraceView {
 public:
  TextView(const TraceOptions& options, const TraceContext& context,
           const WriteLine& write)
      : all_(options.detail == TraceDetail::All),
        paint_(options.color),
        context_(context),
        write_(write) {}

  void hello(const wire::Hello&) override {}
  void start(const model::ProcessStart&) override {}
  void end(const wire::End&) override {}

  void event(const model::Event& event) override {
    std::string text = event_line(event);
    if (!event.ok()) text = paint_(Color::Red, text);
    const std::string note = note_of(event);
    if (!note.empty()) text += "   " + paint_(Color::Dim, "# " + note);
    write_(head(event.enter_ns, event.process) + text + "\n");
  }

  void mapped(const model::Mapped& mapped) override {
    for (const model::MappedFile& file : mapped.files) {
      const bool opened =
          is_memory(file) || context_.opened.seq_of(mapped.process, file) != 0;
      write_(head(mapped.at_ns, mapped.process) + "mapped " +
             rights_text(file.rights) + " " + printable(file.path) +
             (file.file.deleted ? paint_(Color::Red, " (deleted)") : "") +
             (opened ? ""
                     : "   " + paint_(Color::Dim, "# no open of it was seen")) +
             "\n");
    }
  }

  void exit(const model::ProcessEnd& end) override {
    if (!all_ && end.status.success()) return;
    std::string text = end.status.text();
    if (!end.status.success()) text = paint_(Color::Red, text);
    const std::string_view stage = context_.stages.stage(end.process);
    if (!stage.empty() && stage != context_.table.program(end.process))
      text += "   " + paint_(Color::Dim, fmt::format("# stage {}", stage));
    write_(head(end.at_ns, end.process) + text + "\n");
  }

 private:
  // "0.309   cgo[14]  "
  [[nodiscard]] std::string head(std::uint64_t at_ns,
                                 std::uint32_t process) const {
    const std::string& program = context_.table.program(process);
    const std::string who = fmt::format(
        "{:{}}{}[{}]", "", 2 * std::min(context_.depth_of(process), kMaxIndent),
        program.empty() ? "-" : printable(program),
        context_.table.pid(process));
    return fmt::format("{:8.3f} {:<16}  ", static_cast<double>(at_ns) / kSecond,
                       who);
  }

  [[nodiscard]] std::string note_of(const model::Event& event) const {
    std::string note = cause_text(event);
    // Of a load it is the cause.
    if (event.verb != Verb::Load) add_note(note, printable(event.cause_note));
    if (event.verb == Verb::Exec && event.exec) {
      // Before the command, which may be long and cut.
      add_stage(note, event, base::path::base_name(event.abs));
      add_note(note, command_text(event.exec->argv));
      add_note(note, real_program(event));
      if (all_) add_note(note, environment_text(*event.exec));
    } else if (match::is_derived(event.verb) && event.ok()) {
      note = "at " + printable(event.abs);
      const std::size_t colon = event.origins.rfind(':');
      if (!event.origins.empty())
        note += " by " + event.origins.substr(colon + 1);
    } else if (event.file && event.file->deleted) {
      add_note(note, "deleted");
    } else if (!event.ok()) {
      add_stage(note, event, context_.table.program(event.process));
    }
    return note;
  }

  // What of a build it belongs to, unless the program says so already.
  void add_stage(std::string& note, const model::Event& event,
                 std::string_view program) const {
    const std::string_view stage = context_.stages.stage_of(event);
    if (!stage.empty() && stage != program)
      add_note(note, fmt::format("stage {}", stage));
  }

  bool all_;
  Paint paint_;
  const TraceContext& context_;
  const WriteLine& write_;
};

}  // namespace

std::unique_ptr<TraceView> make_text_view(const TraceOptions& options,
                                          const TraceContext& context,
                                          const WriteLine& write) {
  return std::make_unique<TextView>(options, context, write);
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
