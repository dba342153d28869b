// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <span>
#include <utility>

#include "harness/base/environment.h"
#include "harness/base/sys.h"
#include "harness/model/verdict.h"
#include "harness/plan/variables.h"
#include "harness/report/event_text.h"
#include "harness/report/explain.h"
#include "harness/report/recognize.h"
#include "harness/report/shorten.h"
#include "harness/run/ground.h"
#include "harness/run/launcher.h"
#include "runner/catalog.h"
#include "runner/commands.h"
#include "runner/process.h"
#include "runner/terminal.h"
#include "runner/trace_cage.h"

namespace driftcage::runner {
namespace {

// The scenarios at hand and the shipped ones; those with mistakes are told of
// and left out.
base::Result<std::vector<scenario::Scenario>> known_scenarios() {
  const auto selection = DRIFTCAGE_TRY(select_scenarios({}));
  Loaded loaded = load_scenarios(selection.files);
  write_err(loaded.report);
  const auto shipped = find_shipped_scenarios();
  if (!shipped || *shipped == find_scenarios()) return loaded.scenarios;
  Loaded more = load_scenarios(DRIFTCAGE_TRY(scan_scenarios(*shipped)));
  for (scenario::Scenario& one : more.scenarios) {
    const bool own =
        std::ranges::find(loaded.scenarios, one.id, &scenario::Scenario::id) !=
        loaded.scenarios.end();
    if (!own) loaded.scenarios.push_back(std::move(one));
  }
  return loaded.scenarios;
}

// How many scenarios are told in full.
constexpr std::size_t kMostAdvice = 3;
// How many more are named.
constexpr std::size_t kMostNames = 5;

// Names those behind the first `shown`.
template <class Found>
std::string others_text(const std::vector<Found>& found, std::size_t shown) {
  if (found.size() <= shown) return {};
  std::string text = "\nless likely:\n";
  const std::size_t end = std::min(found.size(), shown + kMostNames);
  for (std::size_t i = shown; i < end; ++i) {
    text += fmt::format("  {}  {}\n", found[i].scenario->id,
                        found[i].scenario->title);
  }
  if (end < found.size()) {
    text += fmt::format("  and {} more\n", found.size() - end);
  }
  return text;
}

int explain_message(const std::vector<std::string>& words) {
  std::string message;
  for (const std::string& word : words) {
    message += (message.empty() ? "" : " ") + word;
  }
  if (message.empty() || message == "-") {
    if (is_terminal(STDIN_FILENO)) {
      write_err("Paste the message, then press Ctrl-D.\n");
    }
    auto text = base::sys::read_fd(STDIN_FILENO, "standard input", 1u << 20);
    if (!text) {
      print_error(text.error());
      return model::kExitUsage;
    }
    message = *std::move(text);
  }
  if (message.find_first_not_of(" \t\r\n") == std::string::npos) {
    print_error({"there is no message",
                 {},
                 0,
                 "give the text of an error, or a command after --"});
    return model::kExitUsage;
  }
  const auto scenarios = known_scenarios();
  if (!scenarios) {
    print_error(scenarios.error());
    return model::kExitUsage;
  }
  const auto found =
      report::find_message(*scenarios, message, scenarios->size());
  if (found.empty()) {
    print_error({"no scenario knows the message",
                 {},
                 0,
                 "driftcage explain -- CMD looks at what the command does"});
    return model::kExitNothingSelected;
  }
  const std::size_t width = terminal_width(STDOUT_FILENO);
  const std::size_t shown = std::min(found.size(), kMostAdvice);
  std::string text;
  if (found.front().exact == 0) {
    text = "no scenario knows this message; these share words with it\n";
  }
  for (const report::Resemblance& one : std::span(found).first(shown)) {
    if (!text.empty()) text += '\n';
    text += report::advice_text(*one.scenario, width);
  }
  text += others_text(found, shown);
  write_out(text);
  return found.front().exact == 0 ? model::kExitNothingSelected
                                  : model::kExitGood;
}

// What the command left behind.
struct Observed {
  base::Result<wire::End> end =
      base::fail("run the helper", {}, 0, "it gave no result");
  std::string message;  // its standard error, the end of it
  int signal = 0;       // that stopped us
};

// Runs the command, which writes to our standard error: our standard output is
// for the advice.
Observed observe(const std::string& cell, const model::CageSpec& spec,
                 report::Recognizer& recognizer) {
  constexpr std::size_t kMostText = 64u << 10;
  Observed observed;
  run::Launcher launcher(cell);
  run::CellObserver observer;
  observer.record = [&](const wire::Record& record) { recognizer.add(record); };
  observer.out = [](std::string_view bytes) { write_err(bytes); };
  observer.err = [&observed](std::string_view bytes) {
    write_err(bytes);
    observed.message += bytes;
    if (observed.message.size() > kMostText) {
      observed.message.erase(0, observed.message.size() - kMostText);
    }
  };
  observer.done = [&observed](base::Result<wire::End> result) {
    observed.end = std::move(result);
  };
  launcher.start(spec, run::Stdio::Capture, std::move(observer));
  observed.signal = launcher.run();
  return observed;
}

// $GOROOT and the others have the values of a healthy cage on this machine.
base::Result<match::Variables> variables_of(const std::string& cell,
                                            const model::CageSpec& spec) {
  plan::Ground ground;
  ground.image =
      DRIFTCAGE_TRY(image::open_image("host", base::environment(), {}));
  run::Launcher launcher(cell);
  ground.facts = DRIFTCAGE_TRY(run::image_facts(launcher, ground.image));
  match::Variables variables = plan::healthy_variables(ground);
  for (const auto& [name, value] : trace_variables(spec)) {
    variables[name] = value;
  }
  return variables;
}

std::string recognized_text(const report::Recognition& one,
                            const report::Shortener& shortener,
                            std::size_t width) {
  std::string text = report::advice_text(*one.scenario, width);
  if (one.lines > 0) {
    const std::string event = report::event_line(one.seen.event, shortener);
    const std::string why = report::cause_text(one.seen.event, shortener);
    text += fmt::format("\n  seen      {}{}\n", event,
                        why.empty() ? "" : "   # " + why);
    if (one.lines > 1) {
      text +=
          fmt::format("            and {} more of its lines\n", one.lines - 1);
    }
  }
  if (one.message) text += "\n  its message is what the command printed\n";
  return text;
}

base::Result<int> explain_command(const std::vector<std::string>& argv) {
  const auto scenarios = DRIFTCAGE_TRY(known_scenarios());
  const std::string cell = DRIFTCAGE_TRY(run::find_cell());
  TraceCage cage = DRIFTCAGE_TRY(trace_cage("host", argv));
  model::CageSpec& spec = cage.spec;
  const auto variables = DRIFTCAGE_TRY(variables_of(cell, spec));
  auto recognizer = DRIFTCAGE_TRY(
      report::Recognizer::make(scenarios, variables, base::environment()));
  spec.trace.verbs = recognizer.verbs();
  const Observed observed = observe(cell, spec, recognizer);
  if (observed.signal != 0) return 128 + observed.signal;
  const wire::End end = DRIFTCAGE_TRY(observed.end);
  if (end.outcome == wire::Outcome::CageError ||
      end.outcome == wire::Outcome::TraceError) {
    return tl::make_unexpected(end.error);
  }
  const bool failed =
      end.outcome == wire::Outcome::SpawnFailed || end.status.shell_code() != 0;
  const auto found =
      recognizer.result(observed.message, failed, scenarios.size());
  if (found.empty()) {
    print_error({failed ? "no scenario knows this failure"
                        : "the command ended well, and no scenario knows what "
                          "it did",
                 {},
                 0,
                 "driftcage trace -- CMD shows what fails to be found, and "
                 "why"});
    return model::kExitNothingSelected;
  }
  const report::Shortener shortener(variables);
  const std::size_t width = terminal_width(STDOUT_FILENO);
  const std::size_t shown = std::min(found.size(), kMostAdvice);
  std::string text;
  for (const report::Recognition& one : std::span(found).first(shown)) {
    if (!text.empty()) text += '\n';
    text += recognized_text(one, shortener, width);
  }
  text += others_text(found, shown);
  write_out(text);
  return model::kExitGood;
}

int explain(const std::vector<std::string>& words,
            const std::vector<std::string>& argv) {
  if (argv.empty()) return explain_message(words);
  if (!words.empty()) {
    print_error({"explain takes a text or a command",
                 {},
                 0,
                 "the command stands after --, the text without it"});
    return model::kExitUsage;
  }
  const base::Result<int> code = explain_command(argv);
  if (code) return *code;
  print_error(code.error());
  return model::kExitHost;
}

}  // namespace

void add_explain(CLI::App& app, Action& chosen,
                 const std::vector<std::string>& command_line) {
  const auto words = std::make_shared<std::vector<std::string>>();
  CLI::App* command = app.add_subcommand(
      "explain",
      "Name the scenarios that an error or a failing command is about");
  command->allow_extras();
  command
      ->add_option("message", *words,
                   "The text of an error; standard input when none is given")
      ->option_text("[TEXT...]");
  command->footer(
      "A command after -- runs in the cage of driftcage trace: it sees a "
      "private copy of\nthis machine with an empty home and no network, and "
      "what it changes is thrown\naway. Its trace is compared with the "
      "signatures of all scenarios.\n"
      "Exit code 4 when no scenario knows the message or the failure.\n\n"
      "Examples:\n"
      "  driftcage explain 'exec: \"gcc\": executable file not found in "
      "$PATH'\n"
      "  go build ./... 2>&1 | driftcage explain\n"
      "  driftcage explain -- go run .");
  command->callback([words, &chosen, &command_line] {
    chosen = [words, &command_line] { return explain(*words, command_line); };
  });
}

}  // namespace driftcage::runner
