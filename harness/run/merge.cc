// SPDX-License-Identifier: Apache-2.0
#include "harness/run/merge.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <system_error>
#include <utility>

#include <nlohmann/json.hpp>

#include "harness/base/sys.h"
#include "harness/base/wait_status.h"
#include "harness/run/record_reader.h"
#include "harness/run/result_json.h"

namespace driftcage::run {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::size_t kMaxNamed = 5;

std::string name_of(const std::string& id, const std::string& image,
                    unsigned round) {
  return id + " on " + image +
         (round > 0 ? " #" + std::to_string(round + 1) : std::string());
}

// The first few, and how many more.
std::string named(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kMaxNamed); ++i) {
    text += (i > 0 ? ", " : "") + names[i];
  }
  if (names.size() > kMaxNamed) {
    text += " and " + std::to_string(names.size() - kMaxNamed) + " more";
  }
  return text;
}

std::vector<std::string> wrong_shards(const std::vector<Record>& shards) {
  std::vector<std::string> wrong;
  std::map<unsigned, std::string> seen;
  const RunHead& first = shards.front().head();
  unsigned total = 0;
  for (const Record& record : shards) {
    const RunHead& head = record.head();
    if (head.selection != first.selection) {
      wrong.push_back(record.folder() + " ran another selection than " +
                      shards.front().folder());
    }
    if (!head.shard) {
      wrong.push_back(record.folder() + " is no shard: it ran all");
      continue;
    }
    if (total == 0) total = head.shard->total;
    if (head.shard->total != total) {
      wrong.push_back(record.folder() + " is shard " + head.shard->text() +
                      ", another one of " + std::to_string(total));
      continue;
    }
    if (first.shard && head.shard->strategy != first.shard->strategy) {
      wrong.push_back(record.folder() + " was parted by " +
                      std::string(shard_strategy_name(head.shard->strategy)));
    }
    const auto [other, fresh] =
        seen.emplace(head.shard->index, record.folder());
    if (!fresh) {
      wrong.push_back("shard " + head.shard->text() + " is there twice: " +
                      other->second + " and " + record.folder());
    }
  }
  return wrong;
}

std::vector<std::string> missing_shards(const std::vector<Record>& shards) {
  std::set<unsigned> seen;
  unsigned total = 0;
  for (const Record& record : shards) {
    if (!record.head().shard) continue;
    seen.insert(record.head().shard->index);
    total = record.head().shard->total;
  }
  std::vector<std::string> names;
  for (unsigned i = 1; i <= total; ++i) {
    if (!seen.contains(i)) {
      names.push_back(std::to_string(i) + "/" + std::to_string(total));
    }
  }
  return names;
}

std::vector<std::string> twice(const std::vector<Record>& shards) {
  std::set<std::string> seen;
  std::vector<std::string> names;
  for (const Record& record : shards) {
    for (const Summary& summary : record.results()) {
      std::string name = name_of(summary.id, summary.image, summary.round);
      if (!seen.insert(name).second) names.push_back(std::move(name));
    }
  }
  return names;
}

base::Status check(const std::vector<Record>& shards, bool partial) {
  std::vector<std::string> wrong = wrong_shards(shards);
  const bool all_there = wrong.empty() && missing_shards(shards).empty();
  const auto doubled = twice(shards);
  if (!doubled.empty()) {
    wrong.push_back("more than one shard ran " + named(doubled));
  }
  if (!partial) {
    if (const auto names = missing_shards(shards); !names.empty()) {
      wrong.push_back("missing: shard " + named(names));
    }
    std::size_t results = 0;
    std::vector<std::string> unrun;
    for (const Record& record : shards) {
      results += record.results().size();
      for (const PlannedItem& item : record.missing()) {
        unrun.push_back(name_of(item.id, item.image, item.round));
      }
    }
    if (!unrun.empty()) wrong.push_back("not run: " + named(unrun));
    const RunHead& head = shards.front().head();
    const std::size_t known = results - doubled.size() + unrun.size();
    // Each shard of one selection is there, and they do not fit.
    if (all_there && (known < head.selected || !doubled.empty())) {
      if (known < head.selected) {
        wrong.push_back(std::to_string(head.selected - known) + " of " +
                        std::to_string(head.selected) +
                        " selected are in no shard");
      }
      if (head.shard && head.shard->strategy == ShardStrategy::Time) {
        wrong.push_back(
            "parted by time, they remember other durations: give all shards "
            "one history.json in their state folders, or use --shard-by hash");
      }
    }
  }
  if (wrong.empty()) return {};
  std::string text;
  for (const std::string& line : wrong) text += "\n    " + line;
  return base::fail("merge the shards", {}, 0, text);
}

// Links the files of a result's folder into another record; copies them where
// the file system is another one. Folders of other ids below it are left out.
base::Status take_folder(const fs::path& from, const fs::path& to) {
  std::error_code code;
  fs::create_directories(to, code);
  if (code) return base::fail("make folder", to.string(), code.value());
  for (const auto& entry : fs::directory_iterator(from, code)) {
    const std::string name = entry.path().filename().string();
    const bool leg =
        name == "control" || name == "fault" || name.starts_with("fix-");
    if (entry.is_directory(code) && !leg) continue;
    fs::copy(entry.path(), to / name,
             fs::copy_options::recursive | fs::copy_options::copy_symlinks |
                 fs::copy_options::create_hard_links,
             code);
    if (code) {
      code.clear();
      fs::remove_all(to / name, code);
      fs::copy(entry.path(), to / name,
               fs::copy_options::recursive | fs::copy_options::copy_symlinks,
               code);
    }
    if (code) {
      return base::fail("copy result", entry.path().string(), code.value());
    }
  }
  if (code) return base::fail("read folder", from.string(), code.value());
  return {};
}

// A folder in the target that nobody has yet.
std::string free_folder(const std::string& record, const std::string& wanted) {
  std::string folder = wanted;
  std::error_code code;
  for (int copy = 2; fs::exists(record + "/" + folder + "/result.json", code);
       ++copy) {
    folder = wanted + "~" + std::to_string(copy);
  }
  return folder;
}

Json line_of(const Summary& summary, const std::string& folder) {
  return {{"schema", RecordWriter::kSchema},
          {"id", summary.id},
          {"image", summary.image},
          {"round", summary.round},
          {"verdict", model::verdict_name(summary.verdict)},
          {"reason", summary.reason},
          {"retried", summary.retried},
          {"weak", summary.weak},
          {"started_ns", summary.started_ns},
          {"duration_ns", summary.duration_ns},
          {"folder", folder}};
}

// Copies the folders of `results` and gives their lines.
base::Result<std::string> take_results(const std::vector<Summary>& results,
                                       const std::string& folder) {
  std::string lines;
  for (const Summary& summary : results) {
    std::string at;
    if (!summary.is_lost()) {
      at = free_folder(folder, summary.folder);
      DRIFTCAGE_CHECK_OK(take_folder(summary.record + "/" + summary.folder,
                                     folder + "/" + at));
    }
    lines += json_text(line_of(summary, at), -1);
  }
  return lines;
}

std::string plan_lines(const std::vector<PlannedItem>& items) {
  std::string lines;
  for (const PlannedItem& item : items) {
    lines += json_text(
        {{"id", item.id}, {"image", item.image}, {"round", item.round}}, -1);
  }
  return lines;
}

// run.json with what the results say now.
void recount(Json& run, const std::vector<Summary>& results,
             std::size_t planned) {
  std::map<std::string, std::size_t> verdicts;
  std::size_t weak = 0;
  std::size_t flaky = 0;
  for (const Summary& summary : results) {
    ++verdicts[std::string(model::verdict_name(summary.verdict))];
    weak += summary.weak ? 1 : 0;
    flaky += summary.flaky() ? 1 : 0;
  }
  run["scenarios"] = planned;
  run["not_run"] = planned - std::min(planned, results.size());
  run["weak"] = weak;
  run["flaky"] = flaky;
  run["verdicts"] = verdicts;
  run["complete"] = true;
}

// Why `record` did not run all, unless `run` has a reason already.
void keep_reason(Json& run, const Record& record) {
  if (!run.value("stopped", std::string()).empty()) return;
  run["stopped"] = record.suite().stopped_by();
}

base::Result<Json> read_json(const std::string& file) {
  const std::string text = DRIFTCAGE_TRY(base::sys::read_file(file));
  Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return base::fail(kReadRecord, file, 0, "damaged");
  return json;
}

}  // namespace

base::Result<Record> merge_shards(const std::vector<Record>& shards,
                                  const std::string& folder, bool partial) {
  if (shards.empty()) return base::fail("merge", "no run record");
  DRIFTCAGE_CHECK_OK(check(shards, partial));
  const RecordWriter writer = DRIFTCAGE_TRY(RecordWriter::create(folder));
  const std::string& to = writer.folder();
  std::vector<Summary> results;
  std::vector<PlannedItem> items;
  Json run = DRIFTCAGE_TRY(read_json(shards.front().folder() + "/run.json"));
  std::uint64_t longest = 0;
  Json parts = Json::array();
  for (const Record& record : shards) {
    results.insert(results.end(), record.results().begin(),
                   record.results().end());
    items.insert(items.end(), record.head().items.begin(),
                 record.head().items.end());
    longest = std::max(longest, record.suite().duration_ns);
    parts.push_back(record.suite().run_id);
    // An image that only another shard had.
    const Json other = DRIFTCAGE_TRY(read_json(record.folder() + "/run.json"));
    for (const Json& image : other.value("images", Json::array())) {
      const bool known = std::any_of(
          run["images"].begin(), run["images"].end(), [&](const Json& have) {
            return have.value("reference", "") == image.value("reference", "");
          });
      if (!known) run["images"].push_back(image);
    }
  }
  const std::string lines = DRIFTCAGE_TRY(take_results(results, to));
  run.erase("shard");
  run["run_id"] = writer.run_id();
  run["merged"] = std::move(parts);
  run["duration_ns"] = longest;
  run["signal"] = "";
  run["stopped"] = "";
  const std::size_t planned =
      std::max(items.size(), run.value("selected", std::size_t{0}));
  recount(run, results, planned);
  if (results.size() < planned) {
    for (const Record& record : shards) keep_reason(run, record);
  }
  if (partial && !missing_shards(shards).empty()) run["stopped"] = "partial";
  DRIFTCAGE_CHECK_OK(
      base::sys::write_file(to + "/plan.jsonl", plan_lines(items)));
  DRIFTCAGE_CHECK_OK(base::sys::write_file(to + "/results.jsonl", lines));
  DRIFTCAGE_CHECK_OK(
      base::sys::replace_file(to + "/run.json", json_text(run, 1)));
  return Record::open(to);
}

base::Status carry_over(const Record& earlier, const std::string& folder) {
  const Record fresh = DRIFTCAGE_TRY(Record::open(folder));
  std::set<std::string> done;
  for (const PlannedItem& item : fresh.head().items) {
    done.insert(name_of(item.id, item.image, item.round));
  }
  std::vector<Summary> kept;
  for (const Summary& summary : earlier.results()) {
    if (!done.contains(name_of(summary.id, summary.image, summary.round))) {
      kept.push_back(summary);
    }
  }
  std::vector<PlannedItem> items = fresh.head().items;
  for (const PlannedItem& item : earlier.head().items) {
    if (!done.contains(name_of(item.id, item.image, item.round))) {
      items.push_back(item);
    }
  }
  const std::string lines = DRIFTCAGE_TRY(take_results(kept, fresh.folder()));
  const std::string before = DRIFTCAGE_TRY(
      base::sys::read_file(fresh.folder() + "/results.jsonl", 1u << 30));
  std::vector<Summary> all = fresh.results();
  all.insert(all.end(), kept.begin(), kept.end());
  Json run = DRIFTCAGE_TRY(read_json(fresh.folder() + "/run.json"));
  run["rerun_of"] = earlier.suite().run_id;
  run["selected"] = earlier.head().selected;
  run["repeat"] = std::max(fresh.head().repeat, earlier.head().repeat);
  run["selection"] = earlier.head().selection;
  // What was not run then, and is not now, has the reason of then.
  const std::size_t known = earlier.missing().size();
  const std::size_t nameless =
      earlier.suite().not_run() - std::min(earlier.suite().not_run(), known);
  const std::size_t planned = items.size() + nameless;
  if (all.size() < planned) keep_reason(run, earlier);
  recount(run, all, planned);
  DRIFTCAGE_CHECK_OK(base::sys::replace_file(fresh.folder() + "/plan.jsonl",
                                             plan_lines(items)));
  DRIFTCAGE_CHECK_OK(base::sys::replace_file(fresh.folder() + "/results.jsonl",
                                             before + lines));
  return base::sys::replace_file(fresh.folder() + "/run.json",
                                 json_text(run, 1));
}

}  // namespace driftcage::run
