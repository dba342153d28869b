// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "harness/base/path.h"
#include "harness/base/shell_word.h"
#include "harness/base/sys.h"
#include "harness/mine/dockerfile.h"
#include "harness/mine/effect_words.h"
#include "harness/mine/strace_log.h"
#include "harness/model/verdict.h"
#include "harness/report/escape.h"
#include "harness/scenario/effect_option.h"
#include "runner/authoring.h"
#include "runner/commands.h"
#include "runner/image_options.h"
#include "runner/new_shell.h"
#include "runner/new_sources.h"
#include "runner/process.h"
#include "runner/run_options.h"

namespace driftcage::runner {
namespace {

struct Options {
  std::string id;
  std::string image = "host";
  std::string title;
  std::string draft;
  std::string dockerfile;
  std::string strace;
  std::string output;
  std::string timeout = "60s";
  std::vector<std::string> with;
  std::vector<std::string> refs;
  std::map<std::string, std::vector<std::string>> effects;
  unsigned rounds = 3;
  bool force = false;
  bool interactive = false;
  bool verbose = false;
};

// A mistake of the command line: exit code 2.
tl::unexpected<base::Error> misused(std::string_view what,
                                    std::string_view hint) {
  return base::fail(what, {}, 0, hint);
}

std::vector<scenario::GivenEffect> given_effects(const Options& options) {
  std::vector<scenario::GivenEffect> given;
  for (const scenario::EffectOption& option : scenario::effect_options()) {
    const auto found = options.effects.find(option.name);
    if (found == options.effects.end()) continue;
    for (const std::string& value : found->second) {
      given.emplace_back(option.name, value);
    }
  }
  return given;
}

// Adds what a Dockerfile does, and its command where none is given.
base::Status take_dockerfile(const std::string& file, Options* options,
                             std::vector<std::string>* argv) {
  const mine::DockerDrift drift =
      mine::read_dockerfile(DRIFTCAGE_TRY(base::sys::read_file(file)));
  for (const auto& [name, value] : drift.effects) {
    options->effects[name].push_back(value);
  }
  if (argv->empty()) *argv = drift.command;
  constexpr std::size_t kShown = 20;
  for (std::size_t i = 0; i < std::min(kShown, drift.not_understood.size());
       ++i) {
    write_err(
        fmt::format("{}: not understood, left out: {}\n", file,
                    report::printable(drift.not_understood[i].substr(0, 200))));
  }
  if (drift.not_understood.size() > kShown) {
    write_err(fmt::format("{}: and {} lines more\n", file,
                          drift.not_understood.size() - kShown));
  }
  return {};
}

// Adds what was done in a shell.
base::Status take_shell(Options* options,
                        const std::vector<std::string>& argv) {
  if (argv.empty()) return {};  // told with everything else that is missing
  const ScratchFolder scratch = DRIFTCAGE_TRY(ScratchFolder::make());
  const auto files = DRIFTCAGE_TRY(files_of(options->with));
  const auto effects = DRIFTCAGE_TRY(
      drift_in_shell(options->image, files, argv, scratch.path()));
  for (const auto& [name, value] : effects) {
    options->effects[name].push_back(value);
    write_err(fmt::format("the fault: --{} {}\n", name, value));
  }
  return {};
}

std::vector<std::string> tags_of(const std::string& id,
                                 const std::vector<std::string>& argv) {
  std::vector<std::string> tags;
  const auto add = [&](std::string_view tag) {
    if (!tag.empty() && std::find(tags.begin(), tags.end(), tag) == tags.end())
      tags.emplace_back(tag);
  };
  add(base::path::base_name(argv[0]));
  add(id.substr(0, id.find('/')));
  return tags;
}

// The head of a new scenario. Title and fault id are made of the effects, as
// the parser understood them.
base::Result<std::string> new_head(const Options& options,
                                   const std::vector<std::string>& argv,
                                   const mine::AuthorOptions& author) {
  mine::Head head;
  head.id = options.id;
  head.title = options.title.empty() ? "?" : options.title;
  head.tags = tags_of(options.id, argv);
  head.refs = options.refs;
  head.run = argv;
  head.timeout = options.timeout;
  head.fault_id = "fault";
  head.fault = DRIFTCAGE_TRY(scenario::effect_lines(given_effects(options)));
  head.files = DRIFTCAGE_TRY(files_of(options.with));
  if (argv[0].find('/') == std::string::npos && argv[0] != "sh") {
    head.tools.emplace(argv[0], "*");
  }
  const scenario::Scenario understood =
      DRIFTCAGE_TRY(mine::parse_head(head_text(head), author));
  const mine::EffectWords words =
      mine::words_of(understood.faults.front().effects);
  head.fault_id = words.id;
  if (options.title.empty()) {
    head.title = fmt::format("{} {}", fmt::join(argv, " "), words.phrase);
  }
  return head_text(head);
}

base::Result<std::string> head_of(const Options& options,
                                  const std::vector<std::string>& argv,
                                  const mine::AuthorOptions& author) {
  const auto given = given_effects(options);
  if (!options.draft.empty()) {
    if (!given.empty() || !argv.empty()) {
      return misused("--draft brings its own command and fault",
                     "leave out effects and the command after --");
    }
    return mine::head_of(DRIFTCAGE_TRY(base::sys::read_file(options.draft)),
                         options.id);
  }
  if (argv.empty()) {
    return misused("new needs a command",
                   "put it after --: driftcage new my/case --env GOENV=off -- "
                   "go run .");
  }
  if (given.empty()) {
    return misused("new needs a fault",
                   "give at least one effect, such as --hide /usr/bin/gcc; "
                   "driftcage faults lists them");
  }
  return new_head(options, argv, author);
}

std::string summary(const mine::Authored& made, bool verbose) {
  std::string text;
  if (verbose) text += mined_text(made.mined, 8);
  for (const mine::Fix& fix : made.fixes) {
    text += fmt::format("fix {}: {}\n", fix.idea.id,
                        fix.wrong ? "does not help, kept as a decoy" : "helps");
  }
  for (const std::string& note : made.notes) {
    text += "note: " + report::printable(note) + "\n";
  }
  text += fmt::format("it passes, and without its fault it is {}\n",
                      made.without_fault);
  return text;
}

base::Status write_output(const Options& options, const std::string& text) {
  if (options.output.empty()) {
    write_out(text);
    return {};
  }
  std::error_code code;
  const auto folder = std::filesystem::path(options.output).parent_path();
  if (!folder.empty()) std::filesystem::create_directories(folder, code);
  if (code) {
    return base::fail("make the folder", folder.string(), code.value());
  }
  DRIFTCAGE_CHECK_OK(base::sys::write_file(options.output, text));
  write_err(fmt::format("wrote {}\n", options.output));
  return {};
}

base::Result<mine::Authored> make(const Options& options,
                                  const std::vector<std::string>& argv,
                                  mine::AuthorOptions author,
                                  AuthorProgress& progress, bool* usage) {
  // Until something runs every error is one of what was asked for.
  *usage = true;
  const std::string head = DRIFTCAGE_TRY(head_of(options, argv, author));
  static_cast<void>(DRIFTCAGE_TRY(mine::parse_head(head, author)));
  *usage = false;
  const ScratchFolder scratch = DRIFTCAGE_TRY(ScratchFolder::make());
  author.scratch = scratch.path();
  return mine::author(head, author, progress);
}

// Tries the faults that a strace log suggests until one breaks the command.
base::Result<mine::Authored> explain_log(const Options& options,
                                         const std::vector<std::string>& argv,
                                         const mine::AuthorOptions& author,
                                         AuthorProgress& progress,
                                         bool* usage) {
  constexpr std::size_t kTried = 6;
  *usage = true;
  const mine::StraceLog log = mine::read_strace_log(
      DRIFTCAGE_TRY(base::sys::read_file(options.strace)));
  if (log.suspects.empty()) {
    return base::fail("find a fault in the log", options.strace, 0,
                      fmt::format("{} calls were understood, and none of them "
                                  "failed in a way that an effect can make",
                                  log.calls));
  }
  if (argv.empty() && log.command.empty()) {
    return base::fail("find the command in the log", options.strace, 0,
                      "no execve in it succeeded, so give the command after "
                      "--: driftcage new my/case --from-strace FILE -- go run "
                      ".");
  }
  std::string why;
  for (std::size_t i = 0; i < std::min(kTried, log.suspects.size()); ++i) {
    const mine::Suspect& suspect = log.suspects[i];
    Options with = options;
    std::string shown;
    for (const auto& [name, value] : suspect.effects) {
      with.effects[name].push_back(value);
      shown += fmt::format(" --{} {}", name, value);
    }
    write_err(fmt::format("trying{}, for {}\n", shown, suspect.because));
    auto made =
        make(with, argv.empty() ? log.command : argv, author, progress, usage);
    progress.close();
    if (progress.signal() != 0 || *usage) return made;
    if (made && made->signature.exit != "0") return made;
    why = made
              ? "the command works all the same"
              : made.error().message() +
                    (made.error().hint.empty() ? "" : ": ") + made.error().hint;
    write_err(fmt::format("  {}\n", why));
  }
  return base::fail("find a fault in the log", options.strace, 0,
                    "none of the failing calls explains the failure on this "
                    "image; give the fault yourself: driftcage new --help");
}

// What was done by hand must not be lost with the error that follows.
std::string same_again(const Options& options,
                       const std::vector<std::string>& argv) {
  std::string line = "driftcage new " + options.id;
  const auto add = [&line](const std::string& word) {
    line += ' ' + base::shell_word(word);
  };
  for (const auto& [name, value] : given_effects(options)) {
    add("--" + name);
    add(value);
  }
  for (const std::string& path : options.with) {
    add("--with");
    add(path);
  }
  line += " --";
  for (const std::string& word : argv) add(word);
  return "the same again without the shell:\n  " + line + "\n";
}

int new_scenario(Options options, std::vector<std::string> argv) {
  // Before anybody does work by hand.
  if (!options.output.empty() && !options.force &&
      std::filesystem::exists(options.output)) {
    print_error(
        {"write", options.output, 0, "it exists; --force writes over it"});
    return model::kExitUsage;
  }
  if (!options.dockerfile.empty()) {
    const auto taken = take_dockerfile(options.dockerfile, &options, &argv);
    if (!taken) {
      print_error(taken.error());
      return model::kExitUsage;
    }
  }
  if (options.interactive) {
    if (const auto taken = take_shell(&options, argv); !taken) {
      print_error(taken.error());
      return model::kExitHost;
    }
  }
  AuthorProgress progress;
  mine::AuthorOptions author;
  author.rounds = options.rounds;
  author.file = !options.draft.empty()    ? options.draft
                : !options.output.empty() ? options.output
                                          : options.id + ".toml";
  author.read_file = [](const std::string& path) {
    return base::sys::read_file(path);
  };
  author.suite.images = {options.image};
  author.suite.command_line = own_command_line();
  author.suite.open =
      open_options([&progress](image::Said said, const std::string& what) {
        if (said == image::Said::Step) progress.preparing(what);
      });
  bool usage = false;
  const auto made = options.strace.empty()
                        ? make(options, argv, author, progress, &usage)
                        : explain_log(options, argv, author, progress, &usage);
  progress.close();
  if (progress.signal() != 0) return 128 + progress.signal();
  if (!made) {
    print_error(made.error());
    if (options.interactive) write_err(same_again(options, argv));
    return usage ? model::kExitUsage : model::kExitBadVerdict;
  }
  write_err(summary(*made, options.verbose));
  if (const auto written = write_output(options, made->text); !written) {
    print_error(written.error());
    return model::kExitHost;
  }
  return model::kExitGood;
}

void add_options(CLI::App& command, Options& options) {
  command.add_option("id", options.id, "Its id, such as go/goenv-off")
      ->required()
      ->option_text("ID");
  command
      .add_option("--image", options.image,
                  "Image to run on, host when none is given")
      ->option_text("REF");
  command
      .add_option("-o,--output", options.output,
                  "File for the scenario, instead of standard output")
      ->option_text("FILE");
  command.add_flag("--force", options.force, "Write over a file that exists");
  command
      .add_option("--with", options.with,
                  "A file or folder that the command needs in its working\n"
                  "directory; may be given several times")
      ->allow_extra_args(false)
      ->option_text("PATH");
  CLI::Option* draft =
      command
          .add_option(
              "--draft", options.draft,
              "Complete this scenario: its command, files and fault are\n"
              "kept as they stand, [expect] and [[fix]] are found anew")
          ->option_text("FILE");
  CLI::Option* dockerfile =
      command
          .add_option(
              "--from-dockerfile", options.dockerfile,
              "Take effects and the command of a Dockerfile: ENV, USER,\n"
              "CMD, and rm, chmod, ln -s of RUN; says what is left out")
          ->option_text("FILE");
  CLI::Option* interactive = command.add_flag(
      "-i,--interactive", options.interactive,
      "Make the fault by hand, in a shell in the healthy cage");
  CLI::Option* strace =
      command
          .add_option(
              "--from-strace", options.strace,
              "Try the faults that a strace log of the failure suggests,\n"
              "and take its command when none is given")
          ->option_text("FILE");
  // It brings its own command and fault.
  draft->excludes(dockerfile)->excludes(interactive)->excludes(strace);
  command
      .add_option("--title", options.title, "Its title, instead of a made one")
      ->option_text("TEXT");
  command
      .add_option("--ref", options.refs,
                  "The report that it comes from, such as golang/go#47251")
      ->allow_extra_args(false)
      ->option_text("TEXT");
  command.add_option("--timeout", options.timeout, "Of each leg, 60s")
      ->check(duration_check())
      ->option_text("TIME");
  command
      .add_option("--rounds", options.rounds,
                  "Runs of each leg before the lines are mined, 3")
      ->check(CLI::Range(1u, 50u))
      ->option_text("N");
  command.add_flag("-v,--verbose", options.verbose,
                   "Also show the lines that differ, ranked");
  for (const scenario::EffectOption& effect : scenario::effect_options()) {
    command
        .add_option("--" + effect.name, options.effects[effect.name],
                    effect.meaning)
        ->allow_extra_args(false)
        ->group("Effects of the fault")
        ->option_text(effect.value);
  }
}

}  // namespace

void add_new(CLI::App& app, Action& chosen,
             const std::vector<std::string>& command_line) {
  const auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("new", "Write a scenario from a command and a fault");
  command->allow_extras();
  add_options(*command, *options);
  command->footer(
      "Runs the command with and without the fault, three times each, finds "
      "the event\nlines that tell them apart, tries fixes, and writes a "
      "scenario that passes. It has\nbeen run as it is written, and without "
      "its fault, where it must be red.\n\n"
      "Examples:\n"
      "  driftcage new cgo/no-gcc --path-drop gcc --with main.go -- go build "
      ".\n"
      "  driftcage new go/noexec --mount /tmp:noexec --with hello -o \\\n"
      "      scenarios/go/noexec.toml -- go run .\n"
      "  driftcage new go/full --mount '$TMP:size=64KiB' --with . -- go run .\n"
      "  driftcage new go/mine --draft unfinished.toml\n"
      "  driftcage new go/reported --from-strace report.log --with hello");
  command->callback([options, &chosen, &command_line] {
    chosen = [options, &command_line] {
      return new_scenario(*options, command_line);
    };
  });
}

}  // namespace driftcage::runner
