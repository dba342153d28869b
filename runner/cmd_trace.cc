// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

#include "harness/base/path.h"
#include "harness/base/sys.h"
#include "harness/image/interrupt.h"
#include "harness/image/open.h"
#include "harness/model/verdict.h"
#include "harness/plan/planner.h"
#include "harness/run/launcher.h"
#include "runner/commands.h"
#include "runner/image_options.h"
#include "runner/process.h"
#include "runner/terminal.h"
#include "runner/trace_printer.h"

namespace driftcage::runner {
namespace {

struct Options {
  std::string image = "host";
  bool all = false;
  bool failed = false;
  bool json = false;
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
      write_err(line);
      return;
    }
    constexpr std::size_t kPiece = 64u << 10;
    buffer_ += line;
    if (buffer_.size() >= kPiece) flush();
  }

  // Ok, or the first write that failed.
  base::Status close() {
    flush();
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

// Whether the caller's file `path` cannot be seen in the cage.
bool is_hidden(const model::CageSpec& spec, const std::string& path) {
  return base::path::is_below(path, plan::kTmp) ||
         std::any_of(spec.masks.begin(), spec.masks.end(),
                     [&path](const std::string& mask) {
                       return base::path::is_below(path, mask);
                     });
}

// Variables whose value must fit the cage, not the caller: home is empty
// there, and the image's PATH is the caller's without what is hidden.
bool belongs_to_the_cage(const model::CageSpec& spec, const std::string& name,
                         const std::string& value) {
  if (name == "TMPDIR") return is_hidden(spec, value);
  return name == "HOME" || name == "PATH" || name == "PWD" ||
         name == "OLDPWD" || name == "USER" || name == "LOGNAME" ||
         name.starts_with("XDG_");
}

base::Result<image::Image> open_image(
    const std::string& reference,
    const std::map<std::string, std::string>& variables) {
  const image::InterruptGuard guard;
  StatusLine line;
  return image::open_image(
      reference, variables,
      open_options([&line](image::Said said, const std::string& what) {
        if (line.enabled())
          line.show(what + " ...");
        else if (said == image::Said::Step)
          write_err(what + "\n");
      }));
}

// The healthy cage, but with the caller's environment and, at its own path, a
// copy-on-write view of the caller's working directory.
base::Result<model::CageSpec> cage_for(const Options& options,
                                       const std::vector<std::string>& argv) {
  const auto variables = environment();
  const image::Image image =
      DRIFTCAGE_TRY(open_image(options.image, variables));
  const std::string here = DRIFTCAGE_TRY(working_directory());
  model::CageSpec spec = plan::healthy_cage(image, argv);
  for (const auto& [name, value] : variables) {
    if (!belongs_to_the_cage(spec, name, value)) spec.environment[name] = value;
  }
  if (here != "/")
    spec.ops.emplace_back(
        model::op::MountTree{here, here, /*read_only=*/false});
  spec.directory = here;
  spec.environment["PWD"] = here;
  spec.timeout_ms = 0;
  spec.trace.engine = model::Engine::Seccomp;
  return spec;
}

// Verbs whose calls `detail` can print.
std::uint32_t verbs_of(TraceDetail detail) {
  const auto bit = [](model::Verb verb) {
    return 1u << static_cast<unsigned>(verb);
  };
  if (detail == TraceDetail::Default)
    return bit(model::Verb::Exec) | bit(model::Verb::Open) |
           bit(model::Verb::Lookup) | bit(model::Verb::Load);
  return bit(model::Verb::Exec) | bit(model::Verb::Open) |
         bit(model::Verb::Stat) | bit(model::Verb::Readlink) |
         bit(model::Verb::Mkdir) | bit(model::Verb::Getcwd) |
         bit(model::Verb::Spawn) | bit(model::Verb::Connect) |
         bit(model::Verb::Lookup) | bit(model::Verb::Load);
}

// The exit code for how the program ended, as env(1) and shells have it.
int exit_code_of(const base::Result<wire::End>& end) {
  constexpr int kNotFound = 127;
  constexpr int kNotExecutable = 126;
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

// Runs `argv` in its cage and prints its trace. An error when it could not.
base::Result<int> traced(const Options& options, TraceDetail detail,
                         const std::vector<std::string>& argv) {
  const std::string cell = DRIFTCAGE_TRY(run::find_cell());
  model::CageSpec spec = DRIFTCAGE_TRY(cage_for(options, argv));
  spec.trace.verbs = verbs_of(detail);
  TraceOutput output = DRIFTCAGE_TRY(TraceOutput::open(options.output));
  TracePrinter printer(detail, options.json, [&output](std::string_view line) {
    output.write(line);
  });

  base::Result<wire::End> end =
      base::fail("run the helper", cell, 0, "it gave no result");
  run::Launcher launcher(cell);
  run::CellObserver observer;
  observer.record = [&printer](const wire::Record& record) {
    printer.add(record);
  };
  observer.done = [&end](base::Result<wire::End> result) {
    end = std::move(result);
  };
  launcher.start(spec, run::Stdio::Inherit, std::move(observer));
  const int signal = launcher.run();
  printer.finish();
  DRIFTCAGE_CHECK_OK(output.close());
  constexpr int kSignalled = 128;
  return signal != 0 ? kSignalled + signal : exit_code_of(end);
}

int trace(const Options& options, const std::vector<std::string>& argv) {
  if (argv.empty()) {
    print_error({"trace needs a command",
                 {},
                 0,
                 "put it after --: driftcage trace -- go build ./..."});
    return model::kExitUsage;
  }
  const TraceDetail detail = options.all      ? TraceDetail::All
                             : options.failed ? TraceDetail::Failed
                                              : TraceDetail::Default;
  const base::Result<int> code = traced(options, detail, argv);
  if (code) return *code;
  print_error(code.error());
  return model::kExitHost;
}

}  // namespace

void add_trace(CLI::App& app, Action& chosen,
               const std::vector<std::string>& command_line) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "trace", "Run a command in a cage and show what it failed to find");
  command->allow_extras();
  command
      ->add_option("--image", options->image,
                   "Image to run on, host when none is given; see driftcage\n"
                   "image --help")
      ->option_text("REF");
  CLI::Option* all =
      command->add_flag("--all", options->all, "Every traced call");
  command
      ->add_flag("--failed", options->failed,
                 "Every call that failed; without it, every exec\n"
                 "and failed lookups, loads and opens")
      ->excludes(all);
  command->add_flag("--json", options->json, "One JSON object a line");
  command
      ->add_option("-o,--output", options->output,
                   "File for the trace, instead of standard error")
      ->option_text("FILE");
  command->footer(
      "The command gets the real standard streams and its exit code is passed "
      "on.\nIt sees a private copy of this machine: the working directory is "
      "there at its\nown path, changes are thrown away, home is empty, there "
      "is no network.\n\n"
      "Examples:\n"
      "  driftcage trace -- go build ./...\n"
      "  driftcage trace --failed -o trace.txt -- ./configure\n"
      "  driftcage trace --json -o trace.jsonl -- make");
  command->callback([options, &chosen, &command_line] {
    chosen = [options, &command_line] { return trace(*options, command_line); };
  });
}

}  // namespace driftcage::runner
