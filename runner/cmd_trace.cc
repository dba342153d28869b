// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "harness/base/sys.h"
#include "harness/match/census.h"
#include "harness/model/verdict.h"
#include "harness/report/escape.h"
#include "harness/report/trace_writer.h"
#include "harness/run/launcher.h"
#include "harness/scenario/diagnostic.h"
#include "harness/scenario/event_parts.h"
#include "harness/scenario/parser.h"
#include "runner/color_option.h"
#include "runner/commands.h"
#include "runner/process.h"
#include "runner/terminal.h"
#include "runner/trace_cage.h"

namespace driftcage::runner {
namespace {

struct Options {
  std::vector<std::string> images = {"host"};
  bool all = false;
  bool failed = false;
  bool json = false;
  bool strace = false;
  bool chrome = false;
  bool mapped = false;
  bool show_secrets = false;
  bool verify = false;
  std::vector<std::string> filter;
  std::string engine = "seccomp";
  ColorMode color = ColorMode::Auto;
  std::string output;
};

// Where the lines go: the file of -o, in large pieces, or standard error, line
// by line, so that the program's own messages do not cut a line in two.
class TraceOutput {
 public:
  static base::Result<TraceOutput> open(const std::string& file) {
    TraceOutput output;
    if (!file.empty()) {
      constexpr mode_t kMode = 0644;
      output.file_ = DRIFTCAGE_TRY(base::sys::open(
          file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kMode));
      output.name_ = file;
    }
    return output;
  }

  void write(std::string_view line) {
    if (!file_) {
      if (status_)
        status_ = base::sys::write_all(STDERR_FILENO, line, "standard error");
      return;
    }
    constexpr std::size_t kPiece = 64u << 10;
    buffer_ += line;
    if (buffer_.size() >= kPiece) flush();
  }

  // Ok, or the first write that failed. Who closed its end of a pipe has seen
  // enough.
  base::Status close() {
    flush();
    if (!file_ && !status_ && status_.error().err == EPIPE) return {};
    return status_;
  }

 private:
  void flush() {
    if (!file_ || !status_) return;
    status_ = base::sys::write_all(file_.get(), buffer_, name_);
    buffer_.clear();
  }

  base::UniqueFd file_;
  std::string name_;
  std::string buffer_;
  base::Status status_;
};

// One run of the command in a cage.
struct Run {
  base::Result<wire::End> end =
      base::fail("run the helper", {}, 0, "it gave no result");
  int signal = 0;  // that stopped it
  std::string engine;
};

using OnRecord = std::function<void(const wire::Record&)>;

// `output` gets what the program writes; without it the program has the real
// standard streams.
Run run_once(const std::string& cell, const model::CageSpec& spec,
             const OnRecord& on_record,
             const std::function<void(int fd, std::string_view)>& output) {
  Run run;
  run::Launcher launcher(cell);
  run::CellObserver observer;
  observer.record = [&](const wire::Record& record) {
    if (const auto* hello = std::get_if<wire::Hello>(&record)) {
      run.engine = hello->engine;
    }
    on_record(record);
  };
  if (output) {
    observer.out = [&output](std::string_view bytes) {
      output(STDOUT_FILENO, bytes);
    };
    observer.err = [&output](std::string_view bytes) {
      output(STDERR_FILENO, bytes);
    };
  }
  observer.done = [&run](base::Result<wire::End> result) {
    run.end = std::move(result);
  };
  launcher.start(spec, output ? run::Stdio::Capture : run::Stdio::Inherit,
                 std::move(observer));
  run.signal = launcher.run();
  return run;
}

// The exit code for how the program ended, as env(1) and shells have it.
int exit_code_of(const Run& run) {
  constexpr int kNotFound = 127;
  constexpr int kNotExecutable = 126;
  constexpr int kSignalled = 128;
  if (run.signal != 0) return kSignalled + run.signal;
  const auto& end = run.end;
  if (!end) {
    print_error(end.error());
    return model::kExitHost;
  }
  switch (end->outcome) {
    case wire::Outcome::Finished:
    case wire::Outcome::Leak:
      break;
    case wire::Outcome::SpawnFailed:
      print_error(end->error);
      return end->error.err == ENOENT ? kNotFound : kNotExecutable;
    default:
      print_error(end->error);
      return model::kExitHost;
  }
  if (end->integrity != model::kComplete)
    write_err(fmt::format("driftcage: warning: the trace is incomplete: {}\n",
                          model::integrity_text(end->integrity)));
  return end->status.shell_code();
}

// Why --verify compared nothing.
void tell_unverified(const char* why) {
  write_err(fmt::format("driftcage: note: {}, nothing was compared\n", why));
}

// Both runs' calls compared; what differs is told on standard error.
bool same_calls(const match::Census& filter, const match::Census& ptrace) {
  constexpr std::size_t kShown = 20;
  const auto differences = filter.differences(ptrace);
  if (differences.empty()) {
    write_err(fmt::format("driftcage: both engines saw the same {} calls\n",
                          filter.calls()));
    return true;
  }
  write_err(fmt::format(
      "driftcage: error: the engines saw different calls, {} by the filter, {} "
      "by PTRACE_SYSCALL\n",
      filter.calls(), ptrace.calls()));
  for (std::size_t i = 0; i < std::min(kShown, differences.size()); ++i) {
    write_err(fmt::format("  {} times, {} times: {}\n", differences[i].here,
                          differences[i].there,
                          report::printable(differences[i].call)));
  }
  if (differences.size() > kShown)
    write_err(fmt::format("  and {} more\n", differences.size() - kShown));
  write_err(
      "  hint: a program with threads, or one that looks at time or process "
      "ids,\n  may make other calls each time; two runs under one engine "
      "tell\n");
  return false;
}

// Those of trace_variables().
std::vector<std::string> known_variables() {
  return {"$WORK", "$HOME", "$TMP"};
}

// Which words there are; a near one need not be the one that is meant.
void add_names(std::string& hint, std::string_view what,
               const std::vector<std::string>& names) {
  const std::string all = fmt::format("{}{}", what, fmt::join(names, ", "));
  if (hint.find(all) != std::string::npos) return;
  hint = hint.starts_with("did you mean") ? fmt::format("{} ({})", hint, all)
                                          : all;
}

// The event lines of --filter; nothing, and the mistake is shown, when one is
// none.
std::optional<std::vector<model::EventLine>> read_filter(
    const std::vector<std::string>& texts) {
  std::vector<model::EventLine> lines;
  for (const std::string& text : texts) {
    auto line = scenario::parse_event_line(text, {"--filter", 1, 1, 1});
    if (!line) {
      scenario::Diagnostic mistake = line.error();
      if (mistake.message.starts_with("unknown verb")) {
        add_names(mistake.hint, "verbs are ", scenario::verb_names());
      } else if (mistake.message.starts_with("unknown variable")) {
        add_names(mistake.hint, "known here are ", known_variables());
      }
      write_err(scenario::render(mistake, text));
      return std::nullopt;
    }
    if (!(line->count == model::CountRange{})) {
      print_error({"--filter", text, 0,
                   "a filter shows every event that fits: leave the number "
                   "out"});
      return std::nullopt;
    }
    lines.push_back(*std::move(line));
  }
  return lines;
}

base::Result<std::vector<match::LineTest>> filter_of(
    const std::vector<model::EventLine>& lines,
    const match::Variables& variables) {
  std::vector<match::LineTest> tests;
  for (const model::EventLine& line : lines) {
    auto test = match::LineTest::make(line, variables);
    if (!test) {
      const base::Error& error = test.error();
      std::string hint = error.hint;
      // Scenarios have more of them.
      if (error.step.starts_with("unknown variable")) {
        hint.clear();
        add_names(hint, "known here are ", known_variables());
      }
      return base::fail("--filter", error.message(), 0, hint);
    }
    tests.push_back(*std::move(test));
  }
  return tests;
}

report::TraceOptions writer_options(const Options& options) {
  report::TraceOptions chosen;
  chosen.mapped = options.mapped;
  chosen.detail = options.all      ? report::TraceDetail::All
                  : options.failed ? report::TraceDetail::Failed
                                   : report::TraceDetail::Default;
  if (options.json) chosen.format = report::TraceFormat::Json;
  if (options.strace) chosen.format = report::TraceFormat::Strace;
  if (options.chrome) chosen.format = report::TraceFormat::Chrome;
  // A reader of strace's lines expects them all.
  if (options.strace && !options.failed)
    chosen.detail = report::TraceDetail::All;
  chosen.color =
      options.output.empty() && use_color(options.color, STDERR_FILENO);
  return chosen;
}

// Runs `argv` in its cage and writes its trace. `stopped`: by which signal it
// was. An error when it could not.
base::Result<int> traced(const Options& options, const std::string& image,
                         const std::vector<std::string>& argv,
                         const std::vector<model::EventLine>& lines,
                         int& stopped) {
  const std::string cell = DRIFTCAGE_TRY(run::find_cell());
  TraceCage cage = DRIFTCAGE_TRY(trace_cage(image, argv));
  model::CageSpec& spec = cage.spec;
  const report::TraceOptions chosen = writer_options(options);
  auto filter = DRIFTCAGE_TRY(filter_of(lines, trace_variables(spec)));
  spec.trace.engine = options.engine == "ptrace" ? model::Engine::Ptrace
                                                 : model::Engine::Seccomp;
  spec.trace.verbs = report::traced_verbs(chosen.detail);
  if (!lines.empty()) spec.trace.verbs = match::verbs_of(lines);
  spec.trace.redact = !options.show_secrets;
  spec.trace.identify = options.json || options.all || options.mapped;
  spec.trace.mapped = options.mapped;
  if (options.mapped) {
    spec.trace.verbs |= report::traced_verbs(report::TraceDetail::Default);
  }

  TraceOutput output = DRIFTCAGE_TRY(TraceOutput::open(options.output));
  report::TraceWriter writer(
      chosen, [&output](std::string_view line) { output.write(line); },
      std::move(filter));
  match::Census first;
  const OnRecord write = [&](const wire::Record& record) {
    if (const auto* event = std::get_if<model::Event>(&record);
        event != nullptr && options.verify) {
      first.add(*event);
    }
    writer.add(record);
  };
  // Both runs must meet the same kinds of standard streams.
  std::function<void(int, std::string_view)> pass_on;
  if (options.verify) {
    pass_on = [](int fd, std::string_view bytes) {
      fd == STDOUT_FILENO ? write_out(bytes) : write_err(bytes);
    };
  }
  const Run run = run_once(cell, spec, write, pass_on);
  writer.finish();
  // JSON, and Perfetto, have it as the outcome.
  if (run.signal != 0 && chosen.format == report::TraceFormat::Text) {
    output.write(
        fmt::format("driftcage: note: stopped by {}, everything was killed\n",
                    base::signal_name(run.signal)));
  }
  const int code = exit_code_of(run);
  stopped = run.signal;
  if (auto closed = output.close(); !closed) {
    // Its status is told nowhere else.
    base::Error error = closed.error();
    if (run.end && (run.end->outcome == wire::Outcome::Finished ||
                    run.end->outcome == wire::Outcome::Leak)) {
      error.hint +=
          (error.hint.empty() ? "" : "\n") +
          fmt::format("the command itself ended with exit code {}", code);
    }
    return tl::make_unexpected(std::move(error));
  }
  if (options.verify && run.signal != 0)
    tell_unverified("the second run did not happen");
  if (!options.verify || !run.end || run.signal != 0) return code;

  match::Census second;
  // The other one.
  spec.trace.engine =
      run.engine == "ptrace" ? model::Engine::Seccomp : model::Engine::Ptrace;
  const Run again = run_once(
      cell, spec,
      [&second](const wire::Record& record) {
        if (const auto* event = std::get_if<model::Event>(&record))
          second.add(*event);
      },
      [](int, std::string_view) {});
  if (again.signal != 0) tell_unverified("the second run was stopped");
  if (again.signal != 0 || !again.end) return exit_code_of(again);
  if (again.engine == run.engine) {
    return base::fail("verify the trace", argv.front(), 0,
                      "there is one engine here only: " + again.engine +
                          "; no seccomp filter can be installed");
  }
  const bool filter_first = run.engine != "ptrace";
  return same_calls(filter_first ? first : second,
                    filter_first ? second : first)
             ? code
             : model::kExitBadVerdict;
}

int trace(const Options& options, const std::vector<std::string>& argv) {
  if (argv.empty()) {
    print_error({"trace needs a command",
                 {},
                 0,
                 "put it after --: driftcage trace -- go build ./..."});
    return model::kExitUsage;
  }
  const bool several = options.images.size() > 1;
  if (several && !options.output.empty()) {
    print_error({"write the trace", options.output, 0,
                 "a file takes the trace of one image: give one --image"});
    return model::kExitUsage;
  }
  if (options.output == "-") {
    print_error({"write the trace", "-", 0,
                 "it never goes to standard output, which is the command's: "
                 "leave -o out,\n  and it goes to standard error; -o ./- makes "
                 "a file of that name"});
    return model::kExitUsage;
  }
  const auto lines = read_filter(options.filter);
  if (!lines) return model::kExitUsage;
  int first_bad = model::kExitGood;
  for (const std::string& image : options.images) {
    if (several) write_err("driftcage: image " + image + "\n");
    int stopped = 0;
    const base::Result<int> code =
        traced(options, image, argv, *lines, stopped);
    if (!code) {
      return say_error(code.error(), code.error().step == "--filter"
                                         ? model::kExitUsage
                                         : model::kExitHost);
    }
    if (first_bad == model::kExitGood) first_bad = *code;
    // Somebody wants it to end.
    if (stopped != 0) break;
  }
  return first_bad;
}

void add_options(CLI::App& command, Options& options) {
  command
      .add_option("--image", options.images,
                  "Image to run on, host when none is given; several times:\n"
                  "one after the other; see driftcage image --help")
      ->option_text("REF")
      ->allow_extra_args(false);
  CLI::Option* all =
      command.add_flag("--all", options.all, "Every traced call");
  CLI::Option* failed =
      command
          .add_flag("--failed", options.failed,
                    "Every call that failed; without it, every exec\n"
                    "and failed lookups, loads and opens")
          ->excludes(all);
  command
      .add_option("--filter", options.filter,
                  "Only events that fit this event line of scenarios,\n"
                  "as in 'open **/go.mod = fail by go'; may be given\n"
                  "several times")
      ->allow_extra_args(false)
      ->excludes(all)
      ->excludes(failed)
      ->option_text("LINE");
  CLI::Option* json =
      command.add_flag("--json", options.json, "One JSON object a line");
  CLI::Option* strace = command.add_flag(
      "--strace", options.strace, "Lines as strace -f -o FILE writes them");
  CLI::Option* chrome = command.add_flag(
      "--perfetto", options.chrome,
      "Trace Event JSON, for ui.perfetto.dev and chrome://tracing");
  json->excludes(strace)->excludes(chrome);
  strace->excludes(chrome);
  command
      .add_option("-o,--output", options.output,
                  "File for the trace, instead of standard error")
      ->option_text("FILE");
  command
      .add_flag("--mapped", options.mapped,
                "Also the files that each program had mapped at its end,\n"
                "against the opens that were seen")
      ->excludes(strace);
  command.add_flag("--show-secrets", options.show_secrets,
                   "Values of tokens, passwords and the like as they are");
  command.add_flag("--verify", options.verify,
                   "Run it again by the other engine and compare the calls;\n"
                   "exit code 1 when they differ");
  command
      .add_option("--engine", options.engine,
                  "seccomp (the default) stops at traced calls only,\n"
                  "ptrace at every call")
      ->check(CLI::IsMember({"seccomp", "ptrace"}))
      ->option_text("seccomp|ptrace");
  add_color_option(command, options.color, "Colours in the text");
}

}  // namespace

void add_trace(CLI::App& app, Action& chosen,
               const std::vector<std::string>& command_line) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "trace", "Run a command in a cage and show what it failed to find");
  command->allow_extras();
  add_options(*command, *options);
  command->footer(
      "The command gets the real standard streams and its exit code is passed "
      "on.\nIt sees a private copy of this machine: the working directory is "
      "there at its\nown path, changes are thrown away, home is empty, there "
      "is no network.\nWith --verify it reads nothing and runs twice.\n\n"
      "Examples:\n"
      "  driftcage trace -- go build ./...\n"
      "  driftcage trace --failed -o trace.txt -- ./configure\n"
      "  driftcage trace --filter 'lookup * = none' -- make\n"
      "  driftcage trace --json -o trace.jsonl -- make\n"
      "  driftcage trace --perfetto -o trace.json -- go run .");
  command->callback([options, &chosen, &command_line] {
    chosen = [options, &command_line] { return trace(*options, command_line); };
  });
}

}  // namespace driftcage::runner
