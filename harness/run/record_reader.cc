// SPDX-License-Identifier: Apache-2.0
#include "harness/run/record_reader.h"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

#include <nlohmann/json.hpp>

#include "harness/base/sys.h"
#include "harness/base/wait_status.h"
#include "harness/run/folders.h"
#include "harness/run/result_read.h"
#include "harness/scenario/diagnostic.h"

namespace driftcage::run {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::size_t kMaxFile = 1u << 30;

std::string text(const Json& json, const char* key) {
  return json.value(key, std::string());
}

Order order_of(const std::string& name) {
  for (const Order order : {Order::Smart, Order::Random}) {
    if (order_name(order) == name) return order;
  }
  return Order::File;
}

RecordedImage image_of(const Json& json) {
  RecordedImage image;
  image.reference = text(json, "reference");
  image.folder = text(json, "folder");
  image.identity = text(json, "identity");
  image.rung = text(json, "rung");
  image.ids = json.value("ids", 1u);
  model::Facts& facts = image.facts;
  facts.image = image.reference;
  facts.architecture = text(json, "architecture");
  facts.libc = text(json, "libc");
  facts.libc_version = text(json, "libc_version");
  facts.loader = text(json, "loader");
  facts.go_env = json.value("go_env", std::map<std::string, std::string>());
  const Json tools = json.value("tools", Json::object());
  for (const auto& [name, tool] : tools.items()) {
    facts.tools.push_back({name, text(tool, "path"), text(tool, "version")});
  }
  return image;
}

Shard shard_of(const Json& json) {
  Shard shard;
  shard.index = json.value("index", 1u);
  shard.total = json.value("total", 1u);
  shard.source = text(json, "source");
  const std::string name = text(json, "strategy");
  for (const ShardStrategy strategy :
       {ShardStrategy::Hash, ShardStrategy::Time}) {
    if (shard_strategy_name(strategy) == name) shard.strategy = strategy;
  }
  return shard;
}

RunHead head_of(const Json& json) {
  RunHead head;
  for (const Json& image : json.value("images", Json::array())) {
    head.images.push_back(image_of(image));
  }
  head.scenarios = json.value("scenarios", std::size_t{0});
  head.selected = json.value("selected", std::size_t{0});
  head.selection = text(json, "selection");
  head.jobs = json.value("jobs", std::size_t{0});
  head.filter = text(json, "filter");
  if (json.contains("shard")) head.shard = shard_of(json.at("shard"));
  head.order = order_of(text(json, "order"));
  head.seed = json.value("seed", std::uint64_t{0});
  head.repeat = json.value("repeat", 1u);
  head.retries = json.value("retries", 0u);
  head.verdict_only = json.value("verdict_only", false);
  head.command_line = json.value("command_line", std::vector<std::string>());
  return head;
}

Summary summary_of(const Json& json, const std::string& record) {
  Summary summary;
  summary.id = text(json, "id");
  summary.image = text(json, "image");
  summary.round = json.value("round", 0u);
  summary.verdict = model::verdict_from_name(text(json, "verdict"))
                        .value_or(model::Verdict::Error);
  summary.reason = text(json, "reason");
  summary.retried = json.value("retried", std::size_t{0});
  summary.weak = json.value("weak", false);
  summary.started_ns = json.value("started_ns", std::uint64_t{0});
  summary.duration_ns = json.value("duration_ns", std::uint64_t{0});
  summary.folder = text(json, "folder");
  summary.record = record;
  return summary;
}

Summary summary_of(const ScenarioResult& result, const std::string& folder,
                   const std::string& record) {
  Summary summary;
  summary.id = result.scenario.id;
  summary.image = result.image;
  summary.round = result.round;
  summary.verdict = result.judgement.verdict;
  summary.reason = result.judgement.reason;
  summary.retried = result.retried.size();
  summary.weak = result.scenario.weak();
  summary.started_ns = result.started_ns;
  summary.duration_ns = result.duration_ns;
  summary.folder = folder;
  summary.record = record;
  return summary;
}

template <class Item>
ItemName name_of(const Item& item) {
  return {item.id, item.image, item.round};
}

std::string reason_of(const base::Error& error) {
  return error.hint.empty() ? error.message()
                            : error.message() + "; " + error.hint;
}

ScenarioResult error_result(const Summary& summary, const std::string& reason) {
  ScenarioResult result;
  result.scenario.id = summary.id;
  result.image = summary.image;
  result.round = summary.round;
  result.judgement.verdict = model::Verdict::Error;
  result.judgement.reason = result.unread = reason;
  return result;
}

// Calls `take` for each line that is JSON; true when the last one is cut.
template <class Take>
base::Result<bool> each_line(const std::string& file, Take take) {
  const std::string bytes = DRIFTCAGE_TRY(base::sys::read_file(file, kMaxFile));
  std::string_view rest(bytes);
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    const Json json = Json::parse(line, nullptr, false);
    if (end == std::string_view::npos) return true;
    if (!json.is_object()) {
      return base::fail(kReadRecord, file, 0, "a line is no JSON");
    }
    take(json);
    rest.remove_prefix(end + 1);
  }
  return false;
}

// By RecordWriter.
bool is_locked(const std::string& file) {
  const auto fd = base::sys::open(file, O_RDONLY | O_CLOEXEC);
  return fd && ::flock(fd->get(), LOCK_SH | LOCK_NB) != 0 &&
         errno == EWOULDBLOCK;
}

std::string runs_folder() {
  const auto state = state_folder();
  return state ? *state + "/runs" : std::string();
}

}  // namespace

base::Result<Record> Record::open(const std::string& folder) {
  Record record;
  std::error_code code;
  const fs::path real = fs::canonical(folder, code);
  if (code) return base::fail(kOpenRecord, folder, code.value());
  record.folder_ = real.string();
  // The JSON library reports a wrong type by throwing.
  try {
    DRIFTCAGE_CHECK_OK(record.read_run());
    DRIFTCAGE_CHECK_OK(record.read_lines());
  } catch (const nlohmann::json::exception& error) {
    return base::fail(kReadRecord, folder, 0, error.what());
  }
  if (!record.complete_) record.recount();
  return record;
}

base::Status Record::read_run() {
  const std::string file = folder_ + "/run.json";
  const auto bytes = base::sys::read_file(file, kMaxFile);
  if (!bytes) {
    base::Error error = bytes.error();
    if (error.err == ENOENT) {
      error.hint = "this folder is no run record of driftcage";
    }
    return tl::make_unexpected(std::move(error));
  }
  const Json json = Json::parse(*bytes, nullptr, false);
  if (!json.is_object() || text(json, "tool") != "driftcage") {
    return base::fail(kReadRecord, file, 0,
                      "it is damaged, or not written by driftcage");
  }
  if (const int schema = json.value("schema", 0);
      schema != RecordWriter::kSchema) {
    return base::fail(kReadRecord, file, 0,
                      "it has schema " + std::to_string(schema) +
                          ", this driftcage reads " +
                          std::to_string(RecordWriter::kSchema));
  }
  head_ = head_of(json);
  started_ = text(json, "started");
  const Json host = json.value("host", Json::object());
  kernel_ = text(host, "kernel");
  host_ = text(host, "name");
  complete_ = json.value("complete", false);
  suite_.run_id = text(json, "run_id");
  suite_.record_folder = folder_;
  suite_.planned = head_.scenarios;
  suite_.selected = head_.selected;
  suite_.duration_ns = json.value("duration_ns", std::uint64_t{0});
  suite_.signal = base::signal_number(text(json, "signal"));
  suite_.stopped = text(json, "stopped");
  suite_.weak = json.value("weak", std::size_t{0});
  suite_.flaky = json.value("flaky", std::size_t{0});
  const Json verdicts = json.value("verdicts", Json::object());
  for (const auto& [name, count] : verdicts.items()) {
    if (const auto verdict = model::verdict_from_name(name)) {
      suite_.verdicts[static_cast<std::size_t>(*verdict)] =
          count.get<std::size_t>();
    }
  }
  return {};
}

base::Status Record::read_lines() {
  const bool plan_cut = DRIFTCAGE_TRY(
      each_line(folder_ + "/plan.jsonl", [this](const Json& json) {
        head_.items.push_back(
            {text(json, "id"), text(json, "image"), json.value("round", 0u)});
      }));
  std::set<ItemName> open;
  for (const PlannedItem& item : head_.items) open.insert(name_of(item));
  std::size_t strangers = 0;
  const bool results_cut = DRIFTCAGE_TRY(
      each_line(folder_ + "/results.jsonl", [&](const Json& json) {
        Summary summary = summary_of(json, folder_);
        // Each planned one has one result, and nothing else has any.
        if (open.erase(name_of(summary)) == 0) {
          ++strangers;
          return;
        }
        if (summary.is_lost()) summary.verdict = model::Verdict::Error;
        results_.push_back(std::move(summary));
      }));
  if (strangers > 0) {
    notes_.push_back(
        (strangers == 1
             ? "1 line of results.jsonl is"
             : std::to_string(strangers) + " lines of results.jsonl are") +
        std::string(" of nothing that was planned, or there twice"));
  }
  if (plan_cut) notes_.emplace_back("the last line of plan.jsonl is cut off");
  if (results_cut) {
    notes_.emplace_back("the last line of results.jsonl is cut off");
  }
  if (!complete_) {
    running_ = is_locked(folder_ + "/results.jsonl");
    if (running_) {
      suite_.stopped = "running";
      notes_.emplace_back("the run still goes on");
    } else {
      notes_.emplace_back("the run was killed");
      take_tries(open);
    }
  } else if (results_.size() + suite_.not_run() < head_.scenarios) {
    notes_.emplace_back("results.jsonl has fewer results than the run had");
    take_lost(head_.scenarios - suite_.not_run() - results_.size());
  }
  return {};
}

// What a run that was killed had decided and written no line of: the scenario
// was being tried again, or the line was not written, or not whole.
void Record::take_tries(const std::set<ItemName>& without_line) {
  std::size_t taken = 0;
  for (const PlannedItem& item : head_.items) {
    if (!without_line.contains(name_of(item))) continue;
    const std::string first = image_folder_of(item.image) + "/" + item.id;
    std::vector<std::string> tries;
    std::error_code code;
    for (std::string at = first;
         fs::exists(folder_ + "/" + at + "/scenario.toml", code);
         at = first + "~" + std::to_string(tries.size() + 1)) {
      tries.push_back(at);
    }
    for (auto at = tries.rbegin(); at != tries.rend(); ++at) {
      const auto tried = read_result(folder_ + "/" + *at, folder_);
      if (!tried || tried->round != item.round) continue;
      results_.push_back(summary_of(*tried, *at, folder_));
      ++taken;
      break;
    }
  }
  if (taken == 0) return;
  notes_.push_back(std::to_string(taken) +
                   (taken == 1 ? " scenario has" : " scenarios have") +
                   " no line in results.jsonl: what the last try decided "
                   "counts");
}

// A result that was there once must not be missing without a word: where the
// run says that it was bad, a report without it would be good.
void Record::take_lost(std::size_t count) {
  std::vector<PlannedItem> items = missing();
  // What has a folder was run, and is not what a stopped run left out.
  std::stable_partition(
      items.begin(), items.end(), [this](const PlannedItem& item) {
        std::error_code code;
        return fs::exists(folder_ + "/" + image_folder_of(item.image) + "/" +
                              item.id + "/result.json",
                          code);
      });
  for (const PlannedItem& item : items) {
    if (count-- == 0) break;
    Summary lost;
    lost.id = item.id;
    lost.image = item.image;
    lost.round = item.round;
    lost.verdict = model::Verdict::Error;
    lost.reason = "its result is missing from the run record";
    lost.record = folder_;
    results_.push_back(std::move(lost));
  }
  recount();
}

// Its folder of the record.
std::string Record::image_folder_of(const std::string& reference) const {
  const RecordedImage* known = image(reference);
  return known == nullptr ? image_folder(reference) : known->folder;
}

void Record::recount() {
  std::fill(std::begin(suite_.verdicts), std::end(suite_.verdicts), 0u);
  suite_.weak = 0;
  suite_.flaky = 0;
  for (const Summary& summary : results_) {
    ++suite_.verdicts[static_cast<std::size_t>(summary.verdict)];
    if (summary.weak) ++suite_.weak;
    if (summary.flaky()) ++suite_.flaky;
    if (complete_) continue;
    suite_.duration_ns =
        std::max(suite_.duration_ns, summary.started_ns + summary.duration_ns);
  }
}

void Record::check_results() {
  bool damaged = false;
  for (Summary& summary : results_) {
    if (summary.is_lost()) continue;
    const auto result = load(summary);
    if (result) continue;
    damaged = true;
    summary.verdict = model::Verdict::Error;
    summary.reason = reason_of(result.error());
    summary.folder.clear();
  }
  if (damaged) recount();
}

void Record::replace_results(std::vector<Summary> results) {
  results_ = std::move(results);
  recount();
}

std::vector<PlannedItem> Record::missing() const {
  std::set<ItemName> done;
  for (const Summary& summary : results_) {
    if (!summary.is_lost()) done.insert(name_of(summary));
  }
  std::vector<PlannedItem> items;
  for (const PlannedItem& item : head_.items) {
    if (!done.contains(name_of(item))) items.push_back(item);
  }
  return items;
}

const RecordedImage* Record::image(const std::string& reference) const {
  for (const RecordedImage& image : head_.images) {
    if (image.reference == reference) return &image;
  }
  return nullptr;
}

base::Result<ScenarioResult> Record::load(const Summary& summary) {
  if (summary.is_lost()) return error_result(summary, summary.reason);
  ScenarioResult result = DRIFTCAGE_TRY(
      read_result(summary.record + "/" + summary.folder, summary.record));
  // What the run decided: a result.json of another time does not count.
  result.judgement.verdict = summary.verdict;
  return result;
}

ScenarioResult Record::load_or_error(const Summary& summary) {
  auto result = load(summary);
  return result ? *std::move(result)
                : error_result(summary, reason_of(result.error()));
}

std::vector<std::string> known_runs() {
  std::vector<std::string> names;
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(runs_folder(), code)) {
    if (!entry.is_symlink(code) && entry.is_directory(code)) {
      names.push_back(entry.path().filename().string());
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string round_id(const std::string& id, unsigned round) {
  return round == 0 ? id : id + "~" + std::to_string(round + 1);
}

std::string run_name_of(const std::string& folder) {
  const std::string runs = runs_folder();
  std::error_code code;
  for (fs::path at = folder; at.has_relative_path(); at = at.parent_path()) {
    if (!fs::exists(at / "run.json", code)) continue;
    const std::string id = at.filename().string();
    if (at.parent_path() != runs) return at.string();
    const std::string suffix = id.substr(id.rfind('-') + 1);
    std::size_t same = 0;
    for (const std::string& run : known_runs()) {
      same += run.ends_with("-" + suffix) || run.starts_with(suffix) ? 1 : 0;
    }
    return same == 1 ? suffix : id;
  }
  return {};
}

base::Result<std::string> find_record(const std::string& name) {
  std::error_code code;
  if (fs::exists(name + "/run.json", code)) return name;
  const std::string runs = runs_folder();
  if (name == "latest") {
    if (fs::exists(runs + "/latest/run.json", code)) return runs + "/latest";
    return base::fail("find the latest run", runs, 0,
                      "nothing was run yet; driftcage run makes a record");
  }
  std::vector<std::string> matching;
  const std::vector<std::string> all = known_runs();
  for (const std::string& run : all) {
    // The last four digits are what people remember.
    if (run.starts_with(name) || run.ends_with("-" + name)) {
      matching.push_back(run);
    }
  }
  if (matching.size() == 1 && !name.empty()) return runs + "/" + matching[0];
  if (matching.empty() && !name.empty() && fs::is_directory(name, code)) {
    return base::fail("find the run", name, 0,
                      "the folder has no run.json: it is no run record of "
                      "driftcage");
  }
  if (matching.size() > 1 && !name.empty()) {
    return base::fail(
        "find the run", "\"" + name + "\"", 0,
        "more than one begins so: " + matching[0] + ", " + matching[1]);
  }
  const std::string near = scenario::nearest(name, all);
  return base::fail("find the run", "\"" + name + "\"", 0,
                    near.empty() ? "give a folder, a run id, or latest; of the "
                                   "runs without --record the last " +
                                       std::to_string(RecordWriter::kKeepRuns) +
                                       " are kept"
                                 : "did you mean " + near + "?");
}

}  // namespace driftcage::run
