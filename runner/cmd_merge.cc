// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "harness/model/verdict.h"
#include "harness/report/formats.h"
#include "harness/run/merge.h"
#include "runner/commands.h"
#include "runner/handle.h"
#include "runner/terminal.h"

namespace driftcage::runner {
namespace {

struct Options {
  std::vector<std::string> runs;
  std::string record;
  std::vector<std::string> reports;
  bool partial = false;
};

int merge(const Options& options) {
  std::vector<report::ReportRequest> requests;
  for (const std::string& text : options.reports) {
    auto request = report::parse_request(text);
    if (!request) {
      print_error(request.error());
      return model::kExitUsage;
    }
    if (auto place = report::check_place(*request, options.record); !place) {
      print_error(place.error());
      return model::kExitUsage;
    }
    requests.push_back(*std::move(request));
  }
  std::vector<run::Record> shards;
  for (const std::string& name : options.runs) {
    const auto folder = run::find_record(name);
    auto record = folder ? run::Record::open(*folder)
                         : tl::make_unexpected(folder.error());
    if (!record) {
      print_error(record.error());
      return exit_code_of(record.error());
    }
    record->check_results();
    shards.push_back(*std::move(record));
  }
  const auto merged =
      run::merge_shards(shards, options.record, options.partial);
  if (!merged) {
    print_error(merged.error());
    const int code = exit_code_of(merged.error());
    return code == model::kExitUsage ? model::kExitInconclusive : code;
  }
  int code = merged->suite().exit_code({});
  write_out(report::summary_text(merged->suite(), {}));
  for (const report::ReportRequest& request : requests) {
    const auto written =
        report::write_report(*merged, request.format, request.file, {});
    if (written) continue;
    print_error(written.error());
    if (code == model::kExitGood) code = model::kExitHost;
  }
  return code;
}

}  // namespace

void add_merge(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "merge", "Join the records of all shards, and prove them complete");
  command->add_option("runs", options->runs, "The run records of the shards")
      ->required()
      ->option_text("RUN...");
  command
      ->add_option("--record", options->record,
                   "Folder for the joined record, instead of a new one")
      ->option_text("DIR");
  command
      ->add_option("--report", options->reports,
                   "Also write a report; the formats are those of driftcage\n"
                   "report")
      ->allow_extra_args(false)
      ->option_text("FORMAT=FILE");
  command->add_flag("--partial", options->partial,
                    "Accept that shards or results are missing");
  command->footer(
      "Exit code 5 when a shard is missing, was run twice, or ran something\n"
      "else; else that of the joined run.\n"
      "\n"
      "Examples:\n"
      "  driftcage merge shard-1 shard-2 shard-3 --record all\n"
      "  driftcage merge shard-* --report junit=junit.xml --report "
      "html=run.html");
  command->callback(
      [options, &chosen] { chosen = [options] { return merge(*options); }; });
}

}  // namespace driftcage::runner
