// SPDX-License-Identifier: Apache-2.0
#include "runner/handle.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "harness/model/verdict.h"
#include "harness/run/record.h"
#include "harness/run/trace_file.h"
#include "harness/scenario/diagnostic.h"
#include "runner/terminal.h"

namespace driftcage::runner {
namespace {

// The record and what follows its name. A run folder may lie anywhere, so the
// first prefix that is a record ends the name.
base::Result<std::pair<std::string, std::string>> split_run(
    const std::string& text) {
  std::error_code code;
  for (std::size_t slash = text.find('/', 1);;
       slash = text.find('/', slash + 1)) {
    const std::string prefix = text.substr(0, slash);
    const bool last = slash == std::string::npos;
    if (std::filesystem::exists(prefix + "/run.json", code)) {
      return std::pair{prefix, last ? "" : text.substr(slash + 1)};
    }
    if (last) break;
  }
  // A path that leads to no record is told whole.
  const bool is_path = text.starts_with('/') || text.starts_with('.');
  const std::size_t slash = is_path ? std::string::npos : text.find('/');
  const std::string name = text.substr(0, slash);
  std::string folder = DRIFTCAGE_TRY(run::find_record(name));
  return std::pair{std::move(folder),
                   slash == std::string::npos ? "" : text.substr(slash + 1)};
}

std::string shown_image(const run::Summary& summary) {
  return run::image_folder(summary.image);
}

// "go/x/fault": the longest id that begins it, and the leg.
bool take(const run::Summary& summary, const std::string& rest,
          std::string& leg) {
  const std::string round =
      summary.id + "~" + std::to_string(summary.round + 1);
  for (const std::string& name :
       {summary.id, round, shown_image(summary) + "/" + summary.id,
        shown_image(summary) + "/" + round}) {
    if (rest == name) {
      leg.clear();
      return true;
    }
    if (rest.starts_with(name + "/")) {
      leg = rest.substr(name.size() + 1);
      return leg == "control" || leg == "fault" || leg.starts_with("fix:");
    }
  }
  return false;
}

}  // namespace

base::Result<Handle> resolve_handle(const std::string& text) {
  const auto [folder, rest] = DRIFTCAGE_TRY(split_run(text));
  Handle handle{DRIFTCAGE_TRY(run::Record::open(folder)), {}, {}, {}};
  if (rest.empty()) {
    handle.results = handle.record.results();
    return handle;
  }
  std::vector<std::string> ids;
  for (const run::Summary& summary : handle.record.results()) {
    ids.push_back(summary.id);
    std::string leg;
    if (!take(summary, rest, leg)) continue;
    handle.id = summary.id;
    handle.leg = leg;
    handle.results.push_back(summary);
  }
  if (!handle.results.empty()) return handle;
  std::string near = scenario::nearest(rest, ids);
  // With an id that is there the leg may be wrong as well.
  if (rest.starts_with(near + "/")) near.clear();
  return base::fail("find in the run record", "\"" + rest + "\"", 0,
                    near.empty() ? "write RUN/ID or RUN/ID/LEG; a leg is "
                                   "control, fault or fix:NAME"
                                 : "did you mean " + near + "?");
}

const run::Summary& Handle::first_round() const {
  return *std::ranges::min_element(results, {}, &run::Summary::round);
}

int exit_code_of(const base::Error& error) {
  // Without its run.json a folder is none.
  const bool absent =
      (error.err == ENOENT || error.err == ENOTDIR) &&
      (error.step == run::kOpenRecord || error.object.ends_with("/run.json"));
  const bool unreadable = error.step == run::kReadRecord ||
                          error.step == run::kReadTrace ||
                          (error.err != 0 && !absent);
  return unreadable ? model::kExitHost : model::kExitUsage;
}

bool warn_of_gaps(const run::Record& record) {
  for (const std::string& note : record.notes()) {
    write_err(
        fmt::format("driftcage: warning: {}: {}\n", record.folder(), note));
  }
  // A merged record does not know the names of what shards that are not there
  // had planned.
  const std::vector<run::PlannedItem> items = record.missing();
  const std::size_t missing = std::max(items.size(), record.suite().not_run());
  if (missing > 0) {
    constexpr std::size_t kMost = 5;
    std::string names;
    for (std::size_t i = 0; i < std::min(items.size(), kMost); ++i)
      names +=
          (i == 0 ? ": " : ", ") + run::round_id(items[i].id, items[i].round);
    if (!names.empty() && missing > kMost) names += ", ...";
    write_err(fmt::format(
        "driftcage: warning: {}: {} of what was planned {} "
        "no result{}\n",
        record.folder(), missing, missing == 1 ? "has" : "have", names));
  }
  return !record.notes().empty() || missing > 0;
}

}  // namespace driftcage::runner
