// SPDX-License-Identifier: Apache-2.0
#include "runner/run_options.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <random>
#include <set>
#include <utility>

#include "harness/base/sys.h"
#include "harness/model/verdict.h"
#include "harness/report/rounds.h"
#include "harness/run/record_reader.h"
#include "harness/scenario/diagnostic.h"
#include "harness/scenario/text_format.h"
#include "runner/color_option.h"
#include "runner/image_options.h"
#include "runner/process.h"
#include "runner/progress.h"
#include "runner/shell_command.h"

namespace driftcage::runner {
namespace {

template <class Number>
bool read_number(const std::string& text, Number& value) {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end && !text.empty();
}

std::chrono::milliseconds duration_of(const std::string& text) {
  const auto value = scenario::duration_ms(text);
  return std::chrono::milliseconds(value.value_or(0));
}

run::Order order_of(const std::string& name) {
  return name == "random"  ? run::Order::Random
         : name == "smart" ? run::Order::Smart
                           : run::Order::File;
}

run::ShardStrategy strategy_of(const std::string& name) {
  return name == "hash"   ? run::ShardStrategy::Hash
         : name == "time" ? run::ShardStrategy::Time
                          : run::ShardStrategy::Slice;
}

run::Keep keep_of(const std::string& name) {
  return name == "fail"  ? run::Keep::Fail
         : name == "all" ? run::Keep::All
                         : run::Keep::Never;
}

base::Status resolve_shard(RunOptions& options) {
  std::optional<run::Shard> shard;
  if (!options.shard.empty() && options.shard != "auto") {
    shard = DRIFTCAGE_TRY(run::parse_shard(options.shard));
  } else {
    shard = DRIFTCAGE_TRY(
        run::shard_from_environment(variable, options.shard == "auto"));
  }
  if (!shard) return {};
  shard->strategy = strategy_of(options.shard_by);
  if (!shard->status_file.empty()) {
    // The front end must know that its variables were understood.
    DRIFTCAGE_CHECK_OK(base::sys::write_file(shard->status_file, ""));
  }
  options.suite.schedule.shard = std::move(shard);
  return {};
}

base::Status resolve_seed(RunOptions& options) {
  run::ScheduleOptions& schedule = options.suite.schedule;
  schedule.order = order_of(options.order);
  if (options.seed.empty()) {
    // Short enough to type.
    schedule.seed = std::random_device{}() % 1'000'000u;
    return {};
  }
  if (!read_number(options.seed, schedule.seed)) {
    return base::fail("read --seed", "\"" + options.seed + "\"", 0,
                      "it is the number that a run with --order random shows");
  }
  if (schedule.order != run::Order::Random) {
    return base::fail("read --seed", "\"" + options.seed + "\"", 0,
                      "only --order random has a seed");
  }
  return {};
}

base::Status resolve_max_fail(RunOptions& options) {
  if (options.max_fail.empty()) return {};
  const std::size_t colon = options.max_fail.find(':');
  const std::string when =
      colon == std::string::npos ? "" : options.max_fail.substr(colon + 1);
  if (!read_number(options.max_fail.substr(0, colon), options.suite.max_fail) ||
      (colon != std::string::npos && when != "immediate")) {
    return base::fail("read --max-fail", "\"" + options.max_fail + "\"", 0,
                      "write N, or N:immediate to end what runs as well");
  }
  options.suite.max_fail_at_once = when == "immediate";
  return {};
}

base::Status resolve_groups(RunOptions& options) {
  for (const std::string& text : options.groups) {
    const std::size_t equals = text.find('=');
    unsigned limit = 0;
    if (equals == std::string::npos || equals == 0 ||
        !read_number(text.substr(equals + 1), limit) || limit == 0) {
      return base::fail("read --group", "\"" + text + "\"", 0,
                        "write NAME=N, the number of scenarios of the group "
                        "that may run at a time");
    }
    options.suite.groups[text.substr(0, equals)] = limit;
  }
  return {};
}

// Even to who wants to hear little: without the seed a random order that shows
// a failure could not be had again.
std::string how_it_runs(const run::ScheduleOptions& schedule, bool quiet) {
  std::string text;
  if (schedule.shard && schedule.shard->total > 1 && !quiet) {
    text += fmt::format("shard {} by {}, from {}\n", schedule.shard->text(),
                        run::shard_strategy_name(schedule.shard->strategy),
                        schedule.shard->source);
  }
  if (schedule.order == run::Order::Random) {
    text += fmt::format("order random --seed {}\n", schedule.seed);
  }
  return text;
}

}  // namespace

CLI::Validator duration_check() {
  return CLI::Validator(
      [](const std::string& text) {
        const auto value = scenario::duration_ms(text);
        return value && *value > 0
                   ? std::string()
                   : "\"" + text + "\" is no duration; write 90s, 5m or 500ms";
      },
      "", "duration");
}

namespace {

CLI::Validator size_check() {
  return CLI::Validator(
      [](const std::string& text) {
        const auto value = scenario::size_bytes(text);
        return value && *value > 0
                   ? std::string()
                   : "\"" + text + "\" is no size; write 500KiB, 64MiB or 2GiB";
      },
      "", "size");
}

}  // namespace

void add_schedule_options(CLI::App& command, RunOptions& options) {
  run::SuiteOptions& suite = options.suite;
  command
      .add_option("-j,--jobs", suite.jobs,
                  "Legs at a time; one per CPU when not given,\n"
                  "fewer when memory is short")
      ->check(CLI::Range(1u, 4096u))
      ->option_text("N");
  command
      .add_option("--shard", options.shard,
                  "Only this part of all, from 1; or auto: from the variables\n"
                  "of the CI or batch system")
      ->option_text("INDEX/TOTAL");
  command.add_option("--shard-by", options.shard_by, "How they are parted")
      ->check(CLI::IsMember({"slice", "hash", "time"}))
      ->option_text("slice|hash|time");
  command
      .add_option("--order", options.order,
                  "smart: failed ones first, then the slowest")
      ->check(CLI::IsMember({"file", "smart", "random"}))
      ->option_text("file|smart|random");
  command
      .add_option("--seed", options.seed,
                  "The order of an earlier run with --order random")
      ->option_text("N");
  command
      .add_option("--repeat", suite.schedule.repeat, "Each scenario N times")
      ->check(CLI::Range(1u, 1'000'000u))
      ->option_text("N");
}

void add_run_options(CLI::App& command, RunOptions& options) {
  add_schedule_options(command, options);
  run::SuiteOptions& suite = options.suite;
  command
      .add_option("--retries", suite.retries,
                  "Try a bad scenario N times more; one that then passes is\n"
                  "reported as flaky")
      ->check(CLI::Range(0u, 100u))
      ->option_text("N");
  command
      .add_option("--max-fail", options.max_fail,
                  "Start nothing more after N bad results; immediate: also\n"
                  "end what runs")
      ->option_text("N[:immediate]");
  command
      .add_option("--timeout", options.timeout,
                  "Of each leg, instead of the scenario's own")
      ->check(duration_check())
      ->option_text("TIME");
  command
      .add_option("--deadline", options.deadline,
                  "Of the whole run: what then runs is ended and not judged")
      ->check(duration_check())
      ->option_text("TIME");
  command
      .add_option("--max-trace", options.max_trace,
                  "Store so much of each leg's trace, 1GiB when not given;\n"
                  "all of it is judged")
      ->check(size_check())
      ->option_text("SIZE");
  command
      .add_option("--group", options.groups,
                  "Let N scenarios of a group run at a time, instead of one")
      ->allow_extra_args(false)
      ->option_text("NAME=N");
  command
      .add_option("--record", suite.record_folder,
                  "Folder for the run record, instead of a new one")
      ->option_text("DIR");
  command
      .add_option("--keep", options.keep,
                  "Keep the files that commands leave in their cages, for\n"
                  "driftcage shell; traces and output are always kept")
      ->check(CLI::IsMember({"fail", "all", "never"}))
      ->option_text("fail|all|never");
  command
      .add_option("--report", options.reports,
                  "Also write a report, any number of times; the formats\n"
                  "are those of driftcage report")
      ->allow_extra_args(false)
      ->option_text("FORMAT=FILE");
  command.add_option("--format", options.format, "What standard output shows")
      ->check(CLI::IsMember([] {
        std::vector<std::string> names;
        for (const auto& info : report::formats()) {
          if (info.streams) names.emplace_back(info.name);
        }
        return names;
      }()))
      ->option_text(report::format_choices(true));
  command
      .add_option_function<std::string>(
          "--on-fail",
          [&options](const std::string&) { options.shell_on_fail = true; },
          "On a terminal: a shell in the cage of the first bad result,\n"
          "after the run")
      ->check(CLI::IsMember({"shell"}))
      ->option_text("shell");
  command.add_flag("--require-strong", suite.require_strong,
                   "Exit code 5 when a scenario has no control leg");
  command.add_flag("--require-steady", options.require_steady,
                   "Exit code 5 when rounds of --repeat show different events");
  command
      .add_option("--max-skips", suite.max_skips,
                  "Exit code 5 when more scenarios are skipped")
      ->check(CLI::Range(0, 1'000'000))
      ->option_text("N");
  command.add_flag("--verdict-only", suite.verdict_only,
                   "Trace only what the event lines need: faster, but a bad\n"
                   "result shows fewer closest events");
  command.add_flag("--pass-with-no-tests", options.selection.pass_with_no_tests,
                   "Exit code 0 when nothing is selected");
  CLI::Option* verbose = command.add_flag("-v,--verbose", options.verbose,
                                          "Also show what matched");
  command.add_flag("-q,--quiet", options.quiet, "Show bad results only")
      ->excludes(verbose);
  add_color_option(command, options.color, "Colours in the report");
}

base::Result<std::vector<report::ReportRequest>> report_requests(
    const RunOptions& options) {
  std::vector<report::ReportRequest> requests;
  for (const std::string& text : options.reports) {
    requests.push_back(DRIFTCAGE_TRY(report::parse_request(text)));
  }
  if (const std::string file = variable("XML_OUTPUT_FILE"); !file.empty()) {
    requests.push_back({"junit", file});
  }
  std::set<std::string> files;
  for (const report::ReportRequest& request : requests) {
    if (!files.insert(request.file).second) {
      return base::fail("write the reports", request.file, 0,
                        "two of them go to this file: the last one would "
                        "replace the others");
    }
    DRIFTCAGE_CHECK_OK(
        report::check_place(request, options.suite.record_folder));
  }
  return requests;
}

base::Status resolve(RunOptions& options) {
  DRIFTCAGE_CHECK_OK(resolve_shard(options));
  DRIFTCAGE_CHECK_OK(resolve_seed(options));
  DRIFTCAGE_CHECK_OK(resolve_max_fail(options));
  DRIFTCAGE_CHECK_OK(resolve_groups(options));
  options.suite.keep = keep_of(options.keep);
  if (!options.timeout.empty()) {
    options.suite.timeout = duration_of(options.timeout);
  }
  if (!options.deadline.empty()) {
    options.suite.deadline = duration_of(options.deadline);
  }
  if (!options.max_trace.empty()) {
    options.suite.max_trace =
        scenario::size_bytes(options.max_trace).value_or(0);
  }
  return {};
}

report::TextStyle style_of(const RunOptions& options) {
  report::TextStyle style;
  style.color = use_color(options.color, STDOUT_FILENO);
  style.width = terminal_width(STDOUT_FILENO);
  style.verbosity = options.quiet ? -1 : options.verbose ? 1 : 0;
  return style;
}

namespace {

// False, after saying so, when one could not be written.
bool write_reports(const run::Record& record,
                   const std::vector<report::ReportRequest>& requests,
                   const RunOptions& options) {
  bool all = true;
  for (const report::ReportRequest& request : requests) {
    report::TextStyle style = style_of(options);
    style.color = style.color && request.file == "-";
    const auto written =
        report::write_report(record, request.format, request.file, style);
    if (written) continue;
    print_error(written.error());
    all = false;
  }
  return all;
}

// What differs between the rounds of --repeat, and the exit code with it.
int show_rounds(const run::Record& record, const RunOptions& options,
                int code) {
  const auto unsteady = report::compare_rounds(record);
  if (!unsteady) {
    print_error(unsteady.error());
    return code == model::kExitGood ? model::kExitHost : code;
  }
  write_err(report::rounds_text(*unsteady));
  const bool bad = options.require_steady && !unsteady->empty();
  return bad && code == model::kExitGood ? model::kExitInconclusive : code;
}

// A group that no scenario is in limits nothing: most likely a slip. It may be
// of those that were not chosen.
void warn_of_groups(const std::map<std::string, unsigned>& groups,
                    const run::ScenarioSet& scenarios) {
  std::vector<std::string> known;
  for (const run::ScenarioHead& head : scenarios.heads) {
    if (!head.group.empty()) known.push_back(head.group);
  }
  for (const auto& [name, limit] : groups) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const std::string near = scenario::nearest(name, known);
    write_err(fmt::format(
        "driftcage: warning: --group {}={}: no scenario that runs is in {}{}\n",
        name, limit, name, near.empty() ? "" : "; did you mean " + near + "?"));
  }
}

// Every verdict is good and the exit code is 5.
std::string why_inconclusive(const run::SuiteResult& result,
                             const run::SuiteOptions& options) {
  const std::size_t skips =
      result.verdicts[static_cast<std::size_t>(model::Verdict::Skip)];
  if (options.require_strong && result.weak > 0) {
    return fmt::format(
        "{} without a control leg, which --require-strong "
        "does not accept",
        result.weak);
  }
  return fmt::format("{} skipped, more than --max-skips {}", skips,
                     options.max_skips);
}

}  // namespace

int finish(const run::Record& record,
           const std::vector<report::ReportRequest>& reports,
           const RunOptions& options, int code) {
  if (!write_reports(record, reports, options) && code == model::kExitGood)
    code = model::kExitHost;
  if (record.head().repeat > 1 && record.suite().signal == 0)
    code = show_rounds(record, options, code);
  return code;
}

int execute(const RunOptions& options, const run::ScenarioSet& scenarios,
            const std::string& expression,
            const std::vector<report::ReportRequest>& reports,
            const Complete& complete) {
  run::SuiteOptions suite = options.suite;
  suite.images = options.selection.images;
  suite.filter = expression;
  suite.command_line = own_command_line();
  write_err(how_it_runs(suite.schedule, options.quiet));
  warn_of_groups(suite.groups, scenarios);
  Progress progress(report::make_stream(options.format, style_of(options)),
                    options.quiet);
  suite.open =
      open_options([&progress](image::Said said, const std::string& what) {
        progress.opening(said, what);
      });
  const auto result = run::run_suite(scenarios, suite, progress);
  if (!result) {
    progress.close();
    print_error(result.error());
    return model::kExitHost;
  }
  progress.end(*result);
  int code = result->exit_code(suite);
  const std::string& folder = result->record_folder;
  if (folder.empty()) return code;  // stopped before it began
  const bool stopped = result->signal != 0;
  const bool needed =
      complete || !reports.empty() || (suite.schedule.repeat > 1 && !stopped);
  auto record = !needed    ? std::nullopt
                : complete ? std::optional(complete(folder))
                           : std::optional(run::Record::open(folder));
  if (record && !*record) {
    print_error(record->error());
    return stopped ? code : model::kExitHost;
  }
  const run::SuiteResult& whole = record ? (*record)->suite() : *result;
  // A signal has the last word.
  if (complete && !stopped) code = whole.exit_code(suite);
  if (code == model::kExitInconclusive && whole.not_run() == 0)
    write_err("driftcage: " + why_inconclusive(whole, suite) + "\n");
  if (record) code = finish(**record, reports, options, code);
  if (whole.not_run() > 0 && !options.quiet) {
    write_err(fmt::format("driftcage: rerun missed {} runs what was not run\n",
                          run::run_name_of(folder)));
  }
  if (options.shell_on_fail && result->signal == 0) {
    shell_into_first_bad(result->record_folder);
  }
  return code;
}

}  // namespace driftcage::runner
