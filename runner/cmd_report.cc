// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "harness/model/verdict.h"
#include "harness/report/formats.h"
#include "harness/run/record_reader.h"
#include "runner/color_option.h"
#include "runner/commands.h"
#include "runner/handle.h"
#include "runner/terminal.h"

namespace driftcage::runner {
namespace {

struct Options {
  std::string run = "latest";
  std::string format = "text";
  std::string output = "-";
  bool verbose = false;
  bool quiet = false;
  bool list = false;
  bool names = false;
  ColorMode color = ColorMode::Auto;
};

std::string run_line(const std::string& id, const run::Record& record) {
  std::string counts;
  const auto& verdicts = record.suite().verdicts;
  for (std::size_t i = 0; i < std::size(verdicts); ++i) {
    if (verdicts[i] == 0) continue;
    counts += fmt::format("{}{} {}", counts.empty() ? "" : ", ", verdicts[i],
                          model::verdict_name(static_cast<model::Verdict>(i)));
  }
  return fmt::format("{}  {}  {}{}\n", id, record.started(),
                     counts.empty() ? "nothing" : counts,
                     record.complete() ? "" : "  (has not ended)");
}

int list_runs() {
  std::vector<std::string> runs = run::known_runs();
  std::reverse(runs.begin(), runs.end());
  std::string text;
  for (const std::string& id : runs) {
    const auto folder = run::find_record(id);
    if (!folder) continue;
    const auto record = run::Record::open(*folder);
    if (record) text += run_line(id, *record);
  }
  write_out(text);
  return model::kExitGood;
}

// What RUN and RUN/ID can be: shells ask for it at each tab.
int list_names() {
  std::string text;
  for (const std::string& id : run::known_runs()) text += id + "\n";
  const auto folder = run::find_record("latest");
  const auto record =
      folder ? run::Record::open(*folder) : tl::make_unexpected(folder.error());
  if (record) {
    text += "latest\n";
    for (const run::Summary& summary : record->results()) {
      text += "latest/" + summary.id + "\n";
    }
  }
  write_out(text);
  return model::kExitGood;
}

int make_report(const Options& options) {
  if (options.names) return list_names();
  if (options.list) return list_runs();
  const auto folder = run::find_record(options.run);
  if (!folder) {
    print_error(folder.error());
    return model::kExitUsage;
  }
  auto record = run::Record::open(*folder);
  if (!record) {
    print_error(record.error());
    return exit_code_of(record.error());
  }
  record->check_results();
  const bool gaps = warn_of_gaps(*record);
  report::TextStyle style;
  const bool to_stdout = options.output == "-";
  style.color = to_stdout && use_color(options.color, STDOUT_FILENO);
  style.width = terminal_width(STDOUT_FILENO);
  style.verbosity = options.quiet ? -1 : options.verbose ? 1 : 0;
  const auto written =
      report::write_report(*record, options.format, options.output, style);
  if (written) return gaps ? model::kExitInconclusive : model::kExitGood;
  if (to_stdout && written.error().err == EPIPE) write_out("");
  print_error(written.error());
  return model::kExitHost;
}

}  // namespace

void add_report(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("report", "Make a report of a run that was recorded");
  command
      ->add_option("run", options->run,
                   "A run id or its last digits, a folder, or latest")
      ->option_text("[RUN]");
  std::vector<std::string> names;
  for (const auto& info : report::formats()) names.emplace_back(info.name);
  command->add_option("--format", options->format, "What to make")
      ->check(CLI::IsMember(names))
      ->option_text(report::format_choices(false));
  command
      ->add_option("-o,--output", options->output,
                   "File to write, instead of standard output")
      ->option_text("FILE");
  command->add_flag("--list", options->list, "Show the recorded runs instead");
  command->add_flag("--names", options->names,
                    "Only the names of runs and of the last one's results");
  CLI::Option* verbose = command->add_flag("-v,--verbose", options->verbose,
                                           "Text: also what matched");
  command->add_flag("-q,--quiet", options->quiet, "Text: bad results only")
      ->excludes(verbose);
  add_color_option(*command, options->color, "Colours in the text");
  command->footer(
      "Exit code 5 when results are missing from the record.\n"
      "\n"
      "Examples:\n"
      "  driftcage report                          the last run, as text\n"
      "  driftcage report --format html -o run.html\n"
      "  driftcage report ./ci-artifact --format junit -o junit.xml\n"
      "  driftcage report --list");
  command->callback([options, &chosen] {
    chosen = [options] { return make_report(*options); };
  });
}

}  // namespace driftcage::runner
