// SPDX-License-Identifier: Apache-2.0
#include "harness/run/record.h"

#include <fcntl.h>
#include <re2/re2.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <random>
#include <system_error>

#include <nlohmann/json.hpp>

#include "harness/base/path.h"
#include "harness/base/sys.h"
#include "harness/run/folders.h"
#include "harness/run/result_json.h"

namespace driftcage::run {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

// A record without an end is one that is being written, or was cut off: after
// this time nobody writes it any more.
constexpr std::chrono::hours kAbandoned{24};

std::string time_text(const char* format) {
  const std::time_t now = std::time(nullptr);
  struct ::tm utc {};
  ::gmtime_r(&now, &utc);
  std::array<char, 64> text{};
  std::strftime(text.data(), text.size(), format, &utc);
  return text.data();
}

std::string new_run_id() {
  std::random_device random;
  std::array<char, 8> hex{};
  std::snprintf(hex.data(), hex.size(), "%04x", random() & 0xffffu);
  return time_text("%Y%m%d-%H%M%S-") + hex.data();
}

bool is_run_id(const std::string& name) {
  static const RE2 kPattern(R"(\d{8}-\d{6}-[0-9a-f]{4})");
  return RE2::FullMatch(name, kPattern);
}

base::Status take_empty_folder(const std::string& folder) {
  DRIFTCAGE_CHECK_OK(base::sys::make_directories(folder, 0755));
  std::error_code error;
  const bool empty = fs::is_empty(folder, error);
  if (error) return base::fail("read folder", folder, error.value());
  if (empty) return {};
  return base::fail("write run record", folder, ENOTEMPTY,
                    "choose a folder that is empty or does not exist");
}

// Makes `latest` point to the newest run; readers never find it missing.
void point_latest(const std::string& runs, const std::string& run_id) {
  const std::string link = runs + "/latest";
  const std::string fresh = link + "." + run_id;
  if (::symlink(run_id.c_str(), fresh.c_str()) != 0) return;
  if (std::rename(fresh.c_str(), link.c_str()) != 0) ::unlink(fresh.c_str());
}

// A record that this program wrote and nobody is writing.
bool is_removable(const fs::path& folder) {
  std::error_code error;
  if (!fs::is_directory(fs::symlink_status(folder, error))) return false;
  const fs::path file = folder / "run.json";
  const auto text = base::sys::read_file(file.string());
  if (!text) return false;
  const Json run = Json::parse(*text, nullptr, false);
  if (!run.is_object() || run.value("tool", "") != "driftcage") return false;
  if (run.value("complete", false)) return true;
  const auto changed = fs::last_write_time(file, error);
  return !error && fs::file_time_type::clock::now() - changed > kAbandoned;
}

Json image_json(const RecordedImage& image) {
  Json tools = Json::object();
  for (const model::Tool& tool : image.facts.tools) {
    tools[tool.name] = {{"path", tool.path}, {"version", tool.version}};
  }
  return {{"reference", image.reference},
          {"folder", image.folder},
          {"identity", image.identity},
          {"architecture", image.facts.architecture},
          {"rung", image.rung},
          {"ids", image.ids},
          {"libc", image.facts.libc},
          {"libc_version", image.facts.libc_version},
          {"loader", image.facts.loader},
          {"tools", std::move(tools)},
          {"go_env", image.facts.go_env}};
}

// What a failure may hang on besides the images.
Json host_json() {
  struct ::utsname name {};
  if (::uname(&name) != 0) return Json::object();
  return {{"name", name.nodename},
          {"kernel", name.release},
          {"machine", name.machine},
          {"uid", ::geteuid()}};
}

Json shard_json(const Shard& shard) {
  return {{"index", shard.index},
          {"total", shard.total},
          {"strategy", shard_strategy_name(shard.strategy)},
          {"source", shard.source}};
}

}  // namespace

std::string_view order_name(Order order) {
  switch (order) {
    case Order::File:
      return "file";
    case Order::Smart:
      return "smart";
    case Order::Random:
      return "random";
  }
  return "";
}

base::Result<RecordWriter> RecordWriter::create(const std::string& folder) {
  RecordWriter writer;
  writer.run_id_ = new_run_id();
  writer.started_ = time_text("%Y-%m-%dT%H:%M:%SZ");
  if (!folder.empty()) {
    DRIFTCAGE_CHECK_OK(take_empty_folder(folder));
    writer.folder_ = fs::absolute(folder).lexically_normal().string();
  } else {
    writer.runs_ = DRIFTCAGE_TRY(state_folder()) + "/runs";
    DRIFTCAGE_CHECK_OK(base::sys::make_directories(writer.runs_, 0755));
    writer.folder_ = writer.runs_ + "/" + writer.run_id_;
    // Another run of the same second took the same number: one more try.
    auto made = base::sys::mkdir(writer.folder_, 0755);
    if (!made && made.error().err == EEXIST) {
      writer.run_id_ = new_run_id();
      writer.folder_ = writer.runs_ + "/" + writer.run_id_;
      made = base::sys::mkdir(writer.folder_, 0755);
    }
    DRIFTCAGE_CHECK_OK(std::move(made));
  }
  writer.results_ = DRIFTCAGE_TRY(
      base::sys::open(writer.folder_ + "/results.jsonl",
                      O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0644));
  // Until this process ends, however it does: readers know that it goes on.
  static_cast<void>(::flock(writer.results_.get(), LOCK_EX | LOCK_NB));
  return writer;
}

base::Status RecordWriter::begin(const RunHead& head) {
  Json list = Json::array();
  for (const RecordedImage& image : head.images) {
    list.push_back(image_json(image));
  }
  Json run = {{"schema", kSchema},
              {"tool", "driftcage"},
              {"run_id", run_id_},
              {"started", started_},
              {"host", host_json()},
              {"command_line", head.command_line},
              {"scenarios", head.scenarios},
              {"selected", head.selected},
              {"selection", head.selection},
              {"filter", head.filter},
              {"order", order_name(head.order)},
              {"seed", head.seed},
              {"repeat", head.repeat},
              {"retries", head.retries},
              {"verdict_only", head.verdict_only},
              {"jobs", head.jobs},
              {"images", std::move(list)}};
  if (head.shard) run["shard"] = shard_json(*head.shard);
  head_ = json_text(run, -1);
  std::string plan;
  for (const PlannedItem& item : head.items) {
    plan += json_text(
        {{"id", item.id}, {"image", item.image}, {"round", item.round}}, -1);
  }
  DRIFTCAGE_CHECK_OK(base::sys::write_file(folder_ + "/plan.jsonl", plan));
  DRIFTCAGE_CHECK_OK(write_run(nullptr));
  if (!runs_.empty()) {
    point_latest(runs_, run_id_);
    remove_old_runs(runs_, kKeepRuns);
  }
  return {};
}

base::Result<std::string> RecordWriter::scenario_folder(
    const std::string& image_folder, const std::string& id) {
  const std::string wanted = folder_ + "/" + image_folder + "/" + id;
  std::string path = wanted;
  int copy = 2;
  while (true) {
    auto made = base::sys::mkdir(path, 0755);
    if (made) return path;
    if (made.error().err == ENOENT) {
      DRIFTCAGE_CHECK_OK(base::sys::make_directories(
          std::string(base::path::dir_name(path)), 0755));
    } else if (made.error().err == EEXIST) {
      // Either the same id again, or the folder of ids that begin with it.
      if (::access((path + "/scenario.toml").c_str(), F_OK) != 0) return path;
      path = wanted + "~" + std::to_string(copy++);
    } else {
      return tl::make_unexpected(std::move(made).error());
    }
  }
}

base::Status RecordWriter::add_attempt(
    const ScenarioResult& result,
    const std::map<std::string, std::string>& variables) {
  return base::sys::write_file(
      result.record_folder + "/result.json",
      json_text(result_json(result, variables, folder_), 1));
}

base::Status RecordWriter::add(
    const ScenarioResult& result,
    const std::map<std::string, std::string>& variables) {
  DRIFTCAGE_CHECK_OK(add_attempt(result, variables));
  return base::sys::write_all(results_.get(),
                              json_text(summary_json(result, folder_), -1),
                              folder_ + "/results.jsonl");
}

base::Status RecordWriter::finish(const SuiteResult& result) {
  return write_run(&result);
}

base::Status RecordWriter::write_run(const SuiteResult* result) {
  Json run = Json::parse(head_);
  run["complete"] = result != nullptr;
  if (result != nullptr) {
    Json verdicts = Json::object();
    for (std::size_t i = 0; i < std::size(result->verdicts); ++i) {
      if (result->verdicts[i] == 0) continue;
      verdicts[std::string(model::verdict_name(
          static_cast<model::Verdict>(i)))] = result->verdicts[i];
    }
    run["duration_ns"] = result->duration_ns;
    run["signal"] =
        result->signal == 0 ? "" : base::signal_name(result->signal);
    run["stopped"] = result->stopped;
    run["not_run"] = result->not_run();
    run["weak"] = result->weak;
    run["flaky"] = result->flaky;
    run["verdicts"] = std::move(verdicts);
  }
  return base::sys::replace_file(folder_ + "/run.json", json_text(run, 1));
}

const std::vector<std::string>& kept_places() {
  static const std::vector<std::string> places{plan::kWork, plan::kHome,
                                               plan::kTmp};
  return places;
}

std::string leg_folder(const std::string& leg_name) {
  std::string name = leg_name;
  std::replace(name.begin(), name.end(), ':', '-');
  std::replace(name.begin(), name.end(), '/', '_');
  return name;
}

std::string image_folder(const std::string& reference) {
  std::string name = reference;
  for (char& c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       (c >= '0' && c <= '9') || c == '.' || c == '-';
    if (!plain) c = '_';
  }
  return name.starts_with('.') ? "_" + name : name;
}

void remove_old_runs(const std::string& runs, std::size_t keep) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(runs, error)) {
    std::string name = entry.path().filename().string();
    if (is_run_id(name)) names.push_back(std::move(name));
  }
  if (names.size() <= keep) return;
  std::sort(names.begin(), names.end());
  names.resize(names.size() - keep);
  for (const std::string& name : names) {
    const fs::path folder = fs::path(runs) / name;
    std::error_code ignored;
    if (is_removable(folder)) fs::remove_all(folder, ignored);
  }
}

}  // namespace driftcage::run
