// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/sys.h"
#include "harness/model/verdict.h"
#include "harness/report/formats.h"
#include "harness/run/rejudge.h"
#include "harness/scenario/parser.h"
#include "runner/catalog.h"
#include "runner/color_option.h"
#include "runner/commands.h"
#include "runner/handle.h"
#include "runner/terminal.h"

namespace driftcage::runner {
namespace {

struct Options {
  std::string run = "latest";
  std::string scenario;
  std::vector<std::string> waivers;
  std::string format = "text";
  bool verbose = false;
  bool quiet = false;
  ColorMode color = ColorMode::Auto;
};

// What the stored traces are judged by instead of what the run was judged by.
struct Otherwise {
  std::string file;                           // as given; empty: none
  std::vector<scenario::Scenario> scenarios;  // of that file
  std::vector<scenario::Waiver> waivers;
};

// The exit code after mistakes were shown.
tl::expected<Otherwise, int> read_otherwise(const Options& options) {
  Otherwise other;
  Loaded loaded;
  if (!options.scenario.empty()) {
    other.file = options.scenario;
    loaded = load_scenarios({{options.scenario, {}}});
  }
  other.waivers = read_waivers(options.waivers, &loaded);
  if (loaded.mistakes > 0) {
    write_err(loaded.report);
    return tl::make_unexpected(model::kExitUsage);
  }
  other.scenarios = std::move(loaded.scenarios);
  return other;
}

bool is_whole(const Handle& handle, const Otherwise& other) {
  return handle.id.empty() && other.file.empty();
}

base::Result<run::SuiteResult> judge_all(const Handle& handle,
                                         const Otherwise& other,
                                         report::Stream& stream) {
  run::SuiteResult suite;
  suite.run_id = handle.record.suite().run_id;
  suite.record_folder = handle.record.folder();
  const std::uint64_t begin = base::sys::monotonic_ns();
  write_out(stream.begin(handle.results.size()));
  for (const run::Summary& summary : handle.results) {
    const auto edited =
        std::ranges::find(other.scenarios, summary.id, &scenario::Scenario::id);
    const bool is_edited = edited != other.scenarios.end();
    if (!other.file.empty() && !is_edited) continue;
    const run::ScenarioResult stored = run::Record::load_or_error(summary);
    run::ScenarioResult result = stored;
    if (!stored.unread.empty() && (!is_edited || stored.legs.empty())) {
      result.judgement = {};
      result.judgement.verdict = model::Verdict::Error;
      result.judgement.reason = stored.unread;
    } else {
      scenario::Scenario scenario = is_edited ? *edited : stored.scenario;
      if (is_edited) {
        const std::string why = run::needs_a_run(handle.record, summary.image,
                                                 stored.scenario, scenario);
        if (!why.empty()) {
          return base::fail(
              "judge again", other.file, 0,
              why + "; that needs a run: driftcage run " + other.file);
        }
      }
      add_waivers(other.waivers, &scenario);
      result = DRIFTCAGE_TRY(run::rejudge(handle.record, stored, scenario));
    }
    ++suite.planned;
    ++suite.verdicts[static_cast<std::size_t>(result.judgement.verdict)];
    if (result.scenario.weak()) ++suite.weak;
    if (result.flaky()) ++suite.flaky;
    write_out(stream.add(result));
  }
  suite.selected = suite.planned;
  // What the run left out stays left out, for its reason.
  if (is_whole(handle, other)) {
    const run::SuiteResult& then = handle.record.suite();
    suite.planned = std::max(suite.planned, then.planned);
    suite.selected = std::max(suite.selected, then.selected);
    if (suite.not_run() > 0) suite.stopped = then.stopped_by();
  }
  suite.duration_ns = base::sys::monotonic_ns() - begin;
  return suite;
}

int judge_again(const Options& options) {
  const auto handle = resolve_handle(options.run);
  if (!handle) {
    print_error(handle.error());
    return exit_code_of(handle.error());
  }
  const auto other = read_otherwise(options);
  if (!other) return other.error();
  report::TextStyle style;
  style.color = use_color(options.color, STDOUT_FILENO);
  style.width = terminal_width(STDOUT_FILENO);
  style.verbosity = options.quiet ? -1 : options.verbose ? 1 : 0;
  const auto stream = report::make_stream(options.format, style);
  const auto suite = judge_all(*handle, *other, *stream);
  if (!suite) {
    print_error(suite.error());
    return exit_code_of(suite.error());
  }
  const bool whole = is_whole(*handle, *other);
  if (suite->planned == 0 && !whole) {
    print_error({"judge again", other->file.empty() ? options.run : other->file,
                 0, "the run has no result of it"});
    return model::kExitNothingSelected;
  }
  write_out(stream->end(*suite));
  const int code = suite->exit_code({});
  // Nobody knows what the results that are not there would say.
  return whole && warn_of_gaps(handle->record) && code == model::kExitGood
             ? model::kExitInconclusive
             : code;
}

}  // namespace

void add_judge(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "judge", "Decide again from stored traces; nothing is run");
  command
      ->add_option("run", options->run,
                   "A run, or one scenario of it; latest when not given")
      ->option_text("[RUN[/ID]]");
  command
      ->add_option("--scenario", options->scenario,
                   "Judge its results by this file, with another [expect]")
      ->option_text("FILE");
  command
      ->add_option("--waivers", options->waivers,
                   "File with failures that are known, besides those of the "
                   "run;\nmay be given several times")
      ->allow_extra_args(false)
      ->option_text("FILE");
  command->add_option("--format", options->format, "What standard output shows")
      ->check(CLI::IsMember([] {
        std::vector<std::string> names;
        for (const auto& info : report::formats()) {
          if (info.streams) names.emplace_back(info.name);
        }
        return names;
      }()))
      ->option_text(report::format_choices(true));
  CLI::Option* verbose = command->add_flag("-v,--verbose", options->verbose,
                                           "Also show what matched");
  command->add_flag("-q,--quiet", options->quiet, "Show bad results only")
      ->excludes(verbose);
  add_color_option(*command, options->color, "Colours in the report");
  command->footer(
      "The run record stays as it is. Expected failures and waivers count as "
      "on the\nday of the run.\n"
      "\n"
      "Examples:\n"
      "  driftcage judge                                     the last run\n"
      "  driftcage judge latest --scenario go/edited.toml\n"
      "  driftcage judge ./ci-artifact/go/path-missing-gcc -v");
  command->callback([options, &chosen] {
    chosen = [options] { return judge_again(*options); };
  });
}

}  // namespace driftcage::runner
